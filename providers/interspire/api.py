"""Client of Interspire's XML API: one method a call, with the meaning of its answers."""

from html import escape

import httpx
from pydantic import SecretStr

from bouncehandler.provider import ProviderUnavailable, TemporaryFailure, require_success
from providers.interspire.wire import XmlAnswer, build_request, parse_answer

_BAD_CREDENTIALS = ("unable to check user details", "invalid details")


class InterspireApi:
    """Calls of one user; each raises as `Provider.unsubscribe`."""

    def __init__(self, url: str, username: str, token: SecretStr, client: httpx.Client) -> None:
        self._url = url
        self._username = username
        self._token = token
        self._client = client

    def check_credentials(self) -> None:
        """Check the credentials, changing nothing."""
        answer = self._call("authentication", "xmlapitest")
        if not answer.is_success:
            raise self._unauthorised(answer)

    def fetch_lists(self) -> tuple[str, ...]:
        """Fetch the ids of all lists that the user may see; never empty."""
        lists = self._list_ids("lists", "GetLists")
        if not lists:
            raise ProviderUnavailable("Interspire shows no list to this user: give the user access to the lists")
        return lists

    def find_lists(self, address: str, lists: tuple[str, ...]) -> tuple[str, ...]:
        """Find the lists on which the address is active, of the given ones; empty also for an unknown address."""
        details = (("email", address), *(("listids", listid) for listid in lists))
        return self._list_ids("subscribers", "GetAllListsForEmailAddress", details)

    def change(self, method: str, address: str, listid: str) -> XmlAnswer:
        """Change something about an address on one list; the answer may be a refusal."""
        return self._call("subscribers", method, (("emailaddress", address), ("listid", listid)))

    def unsubscribe_by_id(self, subscriber_id: str, listid: str) -> XmlAnswer:
        """Unsubscribe a subscriber from one list by its id, without an address; the answer may be a refusal.

        (o) Parameters go by name (`providers.md`), and the method has one for the id: it is not proved here that every
        version goes by it alone.
        """
        return self._call("subscribers", "UnsubscribeSubscriber", (("listid", listid), ("subscriberid", subscriber_id)))

    def refusal(self, method: str, answer: XmlAnswer) -> TemporaryFailure:
        """Build the failure for an unknown error text; raises `ProviderUnavailable` for bad credentials.

        Some installations translate their messages, but xmlapitest is refused for its credentials only.
        """
        self.check_credentials()
        return TemporaryFailure(f"Interspire refused {method}: {answer.error_text}")

    def _list_ids(self, kind: str, method: str, details: tuple[tuple[str, str], ...] = ()) -> tuple[str, ...]:
        answer = self._call(kind, method, details)
        if answer.is_not_found:
            return ()
        if not answer.is_success:
            raise self.refusal(method, answer)
        return answer.list_ids()

    def _call(self, kind: str, method: str, details: tuple[tuple[str, str], ...] = ()) -> XmlAnswer:
        token = self._token.get_secret_value()
        response = self._client.post(
            self._url,
            content=build_request(self._username, token, kind, method, details),
            headers={"Content-Type": "text/xml; charset=utf-8"},
        )
        answer = parse_answer(require_success(_strip_token(token, response)).content, secret=token)
        if not answer.is_success and answer.mentions(*_BAD_CREDENTIALS):
            raise self._unauthorised(answer)
        return answer

    def _unauthorised(self, answer: XmlAnswer) -> ProviderUnavailable:
        return ProviderUnavailable(
            f"Interspire refuses the user {self._username!r} or the token ({answer.error_text}): "
            "compare them with the user's XML API settings, and see that the XML API is enabled there"
        )


def _strip_token(token: str, response: httpx.Response) -> httpx.Response:
    """Reduce an error page that repeats the token to its status, since its text would be shown."""
    if response.is_success or not any(text.encode() in response.content for text in (token, escape(token))):
        return response
    kept = {name: response.headers[name] for name in ("Retry-After", "Date") if name in response.headers}
    return httpx.Response(response.status_code, headers=kept)

"""Interspire's XML API: one method a call, with what its answers mean."""

from html import escape

import httpx
from pydantic import SecretStr

from bouncehandler.provider import ProviderUnavailable, TemporaryFailure, require_success
from providers.interspire.wire import Answer, build, read

_BAD_CREDENTIALS = ("unable to check user details", "invalid details")


class Api:
    """The calls of one user; each raises as the port says."""

    def __init__(self, url: str, username: str, token: SecretStr, client: httpx.Client) -> None:
        self._url = url
        self._username = username
        self._token = token
        self._client = client

    def prove(self) -> None:
        """Prove the credentials, changing nothing."""
        answer = self._call("authentication", "xmlapitest")
        if not answer.is_success:
            raise self._unauthorised(answer)

    def all_lists(self) -> tuple[str, ...]:
        """The ids of all lists that the user may see; never empty."""
        lists = self._list_ids("lists", "GetLists")
        if not lists:
            raise ProviderUnavailable("Interspire shows no list to this user: give the user access to the lists")
        return lists

    def look_up(self, address: str, lists: tuple[str, ...]) -> tuple[str, ...]:
        """The ids of those lists on which the address is active; empty also for an unknown address."""
        details = (("email", address), *(("listids", listid) for listid in lists))
        return self._list_ids("subscribers", "GetAllListsForEmailAddress", details)

    def write(self, method: str, address: str, listid: str) -> Answer:
        """Change something about an address on one list; the answer may be a refusal."""
        return self._call("subscribers", method, (("emailaddress", address), ("listid", listid)))

    def unsubscribe_by_id(self, subscriber_id: str, listid: str) -> Answer:
        """Unsubscribe a subscriber from one list by its id, without an address; the answer may be a refusal.

        (o) Parameters go by name (`providers.md`), and the method has one for the id: nobody has proved here that every
        version goes by it alone.
        """
        return self._call("subscribers", "UnsubscribeSubscriber", (("listid", listid), ("subscriberid", subscriber_id)))

    def refusal(self, method: str, answer: Answer) -> TemporaryFailure:
        """The failure to raise for words that mean nothing here; raises `ProviderUnavailable` for bad credentials.

        Some installations translate their messages, but xmlapitest is refused for its credentials only.
        """
        self.prove()
        return TemporaryFailure(f"Interspire refused {method}: {answer.complaint}")

    def _list_ids(self, kind: str, method: str, details: tuple[tuple[str, str], ...] = ()) -> tuple[str, ...]:
        answer = self._call(kind, method, details)
        if answer.is_not_found:
            return ()
        if not answer.is_success:
            raise self.refusal(method, answer)
        return answer.list_ids()

    def _call(self, kind: str, method: str, details: tuple[tuple[str, str], ...] = ()) -> Answer:
        token = self._token.get_secret_value()
        response = self._client.post(
            self._url,
            content=build(self._username, token, kind, method, details),
            headers={"Content-Type": "text/xml; charset=utf-8"},
        )
        answer = read(require_success(_without(token, response)).content, hide=token)
        if not answer.is_success and answer.says(*_BAD_CREDENTIALS):
            raise self._unauthorised(answer)
        return answer

    def _unauthorised(self, answer: Answer) -> ProviderUnavailable:
        return ProviderUnavailable(
            f"Interspire refuses the user {self._username!r} or the token ({answer.complaint}): "
            "compare them with the user's XML API settings, and see that the XML API is enabled there"
        )


def _without(token: str, response: httpx.Response) -> httpx.Response:
    """The response; only the status of an error page that repeats the request, since its text would be shown."""
    if response.is_success or not any(text.encode() in response.content for text in (token, escape(token))):
        return response
    kept = {name: response.headers[name] for name in ("Retry-After", "Date") if name in response.headers}
    return httpx.Response(response.status_code, headers=kept)

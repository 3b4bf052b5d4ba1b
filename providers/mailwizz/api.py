"""Client of MailWizz's API: the calls that the adapter makes."""

import httpx

from bouncehandler.provider import PermanentFailure, TemporaryFailure, describe, require_success
from bouncehandler.record import Address
from providers.mailwizz.answers import (
    LookupResult,
    Row,
    credentials_failure,
    is_credentials_error,
    read_count,
    read_lookup,
    read_object,
    read_subscriber,
    read_success,
)
from providers.mailwizz.evidence import MailWizzIds
from providers.mailwizz.signing import Fields, Signer, encode

_OVERLOADED = frozenset({httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE})


class MailWizzApi:
    """MailWizz's API at one URL. Each method raises as `Provider.unsubscribe`."""

    def __init__(self, url: str, signer: Signer, client: httpx.Client) -> None:
        self._url = url.rstrip("/")
        self._signer = signer
        self._client = client

    def count_lists(self) -> int:
        """Count the lists of the account; the cheapest call that proves the credentials."""
        response = self._send("GET", "lists", query=[("page", "1"), ("per_page", "10")])
        if response.status_code == httpx.codes.BAD_REQUEST:
            raise credentials_failure(response)
        return read_count(read_success(response))

    def search(self, email: str) -> LookupResult:
        """Look up the rows of an address."""
        path = "lists/subscribers/search-by-email-in-all-lists"
        response = self._call("GET", path, query=[("EMAIL", email)])
        return read_lookup(read_success(response), email)

    def subscriber(self, ids: MailWizzIds) -> tuple[Address, Row] | None:
        """Look up the address of ids, and its row on that list; None where MailWizz does not know them."""
        response = self._call("GET", f"lists/{ids.list_uid}/subscribers/{ids.uid}")
        if response.status_code == httpx.codes.NOT_FOUND:
            self.count_lists()  # else a typo in the configured URL would make every subscriber unknown
        if _status(response, 404) == httpx.codes.NOT_FOUND:
            return None
        return read_subscriber(read_object(response), *ids)

    def unsubscribe_everywhere(self, email: str) -> None:
        """Set every row of the address to `unsubscribed`, blacklisted ones as well."""
        path = "lists/subscribers/unsubscribe-by-email-from-all-lists"
        read_success(self._call("PUT", path, body=[("EMAIL", email)]))

    def unsubscribe_one(self, row: Row) -> bool:
        """Unsubscribe a `confirmed` row; False where it is gone."""
        path = f"lists/{row.list_uid}/subscribers/{row.uid}/unsubscribe"
        return _status(self._call("PUT", path), 404) != httpx.codes.NOT_FOUND

    def set_status(self, row: Row, status: str) -> int:
        """Set a row's status. 404 or 409: it is gone or blacklisted; 422: it lacks a field that its list requires."""
        path = f"lists/{row.list_uid}/subscribers/{row.uid}"
        return _status(self._call("PUT", path, body=[("details[status]", status)]), 404, 409, 422)

    def record_bounce(self, campaign: str, row: Row, bounce_type: str, message: str) -> int:
        """Record a bounce. 404: the row is not on the campaign's list; 422: it has bounced for it before."""
        body = [("subscriber_uid", row.uid), ("bounce_type", bounce_type), ("message", message)]
        return _status(self._call("POST", f"campaigns/{campaign}/bounces", body=body), 404, 422)

    def track_unsubscribe(self, campaign: str, row: Row, reason: str) -> str:
        """Count an unsubscription for a campaign; returns why it was not counted, empty when it was.

        A refusal here is no reason to keep the subscription, so that only refused credentials and an overloaded server
        are raised. Where nothing works at all, the next call fails too.
        """
        body = [("ip_address", ""), ("user_agent", "bouncehandler"), ("reason", reason)]
        response = self._send("POST", f"campaigns/{campaign}/track-unsubscribe/{row.uid}", body=body)
        answer = read_object(response)
        if is_credentials_error(answer):
            raise credentials_failure(response)
        if response.status_code in _OVERLOADED:
            require_success(response)
        if response.is_success and answer.get("status") == "success":
            return ""
        if response.status_code == httpx.codes.NOT_FOUND and answer.get("status") == "error":
            return "MailWizz does not know the campaign, or sent it to another list"
        return f"the answer does not confirm success in MailWizz's words ({describe(response)})"

    def _call(self, method: str, path: str, *, query: Fields = (), body: Fields = ()) -> httpx.Response:
        """Send a request; raises for 400, by which MailWizz refuses credentials, and sometimes a call."""
        response = self._send(method, path, query=query, body=body)
        if response.status_code == httpx.codes.BAD_REQUEST:
            if is_credentials_error(read_object(response)):
                raise credentials_failure(response)
            self.count_lists()  # raises where credentials are refused in another language
            raise PermanentFailure(f"MailWizz accepts the credentials, yet refuses this call ({describe(response)})")
        return response

    def _send(self, method: str, path: str, *, query: Fields = (), body: Fields = ()) -> httpx.Response:
        url = f"{self._url}/{path}"
        if query:
            url += f"?{encode(query)}"
        headers = {"Accept": "application/json", **self._signer.headers(method, url, body)}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        return self._client.request(method, url, headers=headers, content=encode(body) or None)


def _status(response: httpx.Response, *errors: int) -> int:
    """Return the status of a success, or of one of the expected `errors` where MailWizz itself gave it."""
    status = response.status_code
    if status not in errors:
        read_success(response)
    elif read_object(response).get("status") != "error":
        raise TemporaryFailure(f"something else answered in MailWizz's place ({describe(response)})")
    return status

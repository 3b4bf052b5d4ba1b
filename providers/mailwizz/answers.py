"""Reader of MailWizz's answers: rows of an address, success in MailWizz's own words, and the meaning of failures."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import httpx

from bouncehandler.provider import ProviderUnavailable, TemporaryFailure, describe, require_success
from bouncehandler.record import Address, parse_address

JsonObject = dict[str, object]
"""Body of an answer; empty where it held anything else than a JSON object."""

_MAX_ROWS = 100
"""Rows that a look-up shows, however many there are."""

_INACTIVE = frozenset({"unsubscribed", "blacklisted", "unconfirmed", "unapproved", "disabled", "moved"})
_UID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_COUNT = re.compile(r"[0-9]{1,9}")
_CREDENTIALS_ERROR = re.compile(
    r"\s*(?:Invalid API (?:key|request (?:signature|params))|Your (?:request expired|IP address is not|account\b))",
    re.IGNORECASE,
)


class Row(NamedTuple):
    """Subscription of an address to one list."""

    list_uid: str
    uid: str
    """The subscriber's own id on that list."""
    status: str

    @property
    def is_active(self) -> bool:
        """Whether campaigns go there: `confirmed`, or a status that is not known to be inactive.

        `unconfirmed` and `unapproved` rows get nothing until they are confirmed or approved, a consent of its own.
        """
        return self.status not in _INACTIVE


@dataclass(frozen=True, slots=True)
class LookupResult:
    """Rows of an address that a look-up showed."""

    email: str
    rows: tuple[Row, ...]
    """Empty: MailWizz does not know the address."""
    is_complete: bool
    """Whether these are all its rows, each with a known status."""

    @property
    def active(self) -> list[Row]:
        """The rows that campaigns go to."""
        return [row for row in self.rows if row.is_active]

    @property
    def blacklisted(self) -> list[Row]:
        """The rows that a call for the whole address overwrites."""
        return [row for row in self.rows if row.status == "blacklisted"]

    def with_row(self, row: Row) -> "LookupResult":
        """Add a row known from elsewhere: a look-up that hides an active one may hide others."""
        if any(shown.uid.lower() == row.uid.lower() for shown in self.rows):
            return self
        return LookupResult(self.email, (*self.rows, row), is_complete=self.is_complete and not row.is_active)


def list_uids(rows: Iterable[Row]) -> tuple[str, ...]:
    """The lists of rows, each once."""
    return tuple(dict.fromkeys(row.list_uid for row in rows))


def read_object(response: httpx.Response) -> JsonObject:
    """Read the JSON object in the body, whatever the status."""
    try:
        answer = response.json()
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def read_success(response: httpx.Response) -> JsonObject:
    """Read an answer whose `status` is `success`. Raises as `Provider.unsubscribe` for any other."""
    if response.status_code == httpx.codes.NOT_FOUND:
        raise ProviderUnavailable(
            "there is no MailWizz API at the configured url; "
            f"it is mostly https://HOST/api or https://HOST/api/index.php ({describe(response)})"
        )
    answer = read_object(require_success(response))
    if is_credentials_error(answer):
        raise credentials_failure(response)
    if answer.get("status") != "success":
        raise TemporaryFailure(f"the answer does not confirm success in MailWizz's words ({describe(response)})")
    return answer


def is_credentials_error(answer: JsonObject) -> bool:
    """Whether the error is one of MailWizz's English texts about keys, signatures, addresses and accounts."""
    error = answer.get("error")
    texts = error.values() if isinstance(error, dict) else [error]
    return any(isinstance(text, str) and _CREDENTIALS_ERROR.match(text) for text in texts)


def credentials_failure(response: httpx.Response) -> ProviderUnavailable:
    """Build the failure for refused credentials."""
    return ProviderUnavailable(
        "MailWizz refuses the credentials: check the keys, the IP addresses that they allow, this machine's clock, and "
        f"that url is written exactly as MailWizz is configured with it ({describe(response)})"
    )


def read_count(answer: JsonObject) -> int:
    """Read `data.count`; MailWizz gives null for 0. Raises `TemporaryFailure` where there is none."""
    data = answer.get("data")
    if not isinstance(data, dict) or "count" not in data:
        raise _malformed("it holds no count")
    count = "0" if data["count"] is None else str(data["count"])
    if not _COUNT.fullmatch(count):
        raise _malformed("its count is not a number")
    return int(count)


def read_lookup(answer: JsonObject, email: str) -> LookupResult:
    """Read the rows that a look-up of `email` shows. Raises `TemporaryFailure` where they can't be relied on."""
    count = read_count(answer)
    data = answer["data"]
    records = (data.get("records") if isinstance(data, dict) else None) or []
    if not isinstance(records, list) or (count and not records):
        raise _malformed("it counts rows and shows none")
    rows = tuple(_row(record, email) for record in records)
    is_known = all(row.status in _INACTIVE or row.status == "confirmed" for row in rows)
    return LookupResult(email, rows, is_complete=is_known and len(rows) < _MAX_ROWS and count <= len(rows))


def read_subscriber(answer: JsonObject, list_uid: str, uid: str) -> tuple[Address, Row]:
    """Read the address of the subscriber with these ids, and their row.

    Raises `TemporaryFailure` where there is not exactly one address, or the subscriber is another one.
    """
    match answer:
        case {"data": {"record": dict(record)}}:
            pass
        case _:
            raise _malformed("it holds no subscriber")
    if str(record.get("subscriber_uid", uid)).lower() != uid.lower():
        raise _malformed("it is about another subscriber")
    addresses = {_address(value) for name, value in record.items() if name.lower() == "email"}
    address = addresses.pop() if len(addresses) == 1 else None
    if address is None:
        raise _malformed("it does not hold one address of the subscriber")
    return address, Row(list_uid, uid, str(record.get("status", "")))


def _address(value: object) -> Address | None:
    return parse_address(value) if isinstance(value, str) else None


def _row(record: object, email: str) -> Row:
    match record:
        case {"subscriber_uid": str(uid), "status": str(status), "list": {"list_uid": str(list_uid)}, **others}:
            row = Row(list_uid, uid, status)
        case _:
            raise _malformed("a row lacks an id or a status")
    # The ids become part of our URLs, so that they must be ids and nothing else.
    if not (_UID.fullmatch(uid) and _UID.fullmatch(list_uid)):
        raise _malformed("a row's id holds other characters than letters and digits")
    if str(others.get("email", email)).casefold() != email.casefold():
        raise _malformed("a row belongs to another address")
    return row


def _malformed(reason: str) -> TemporaryFailure:
    return TemporaryFailure(f"MailWizz's answer makes no sense: {reason}")

"""What MailWizz's answers say: rows of an address, success in its own words, and what each failure means."""

import re
from dataclasses import dataclass
from typing import NamedTuple

import httpx

from bouncehandler.provider import ProviderUnavailable, TemporaryFailure, describe, require_success
from bouncehandler.record import Address, parse_address

Answer = dict[str, object]
"""A JSON object; empty where the body held anything else."""

_SHOWN_AT_MOST = 100
"""Rows that a look-up shows, however many there are."""

_SILENT = frozenset({"unsubscribed", "blacklisted", "unconfirmed", "unapproved", "disabled", "moved"})
_UID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_COUNT = re.compile(r"[0-9]{1,9}")
_BLAMES_CREDENTIALS = re.compile(
    r"\s*(?:Invalid API (?:key|request (?:signature|params))|Your (?:request expired|IP address is not|account\b))",
    re.IGNORECASE,
)


class Row(NamedTuple):
    """An address on one list."""

    list_uid: str
    uid: str
    """The subscriber's own id on that list."""
    status: str

    @property
    def is_active(self) -> bool:
        """Whether campaigns go there: `confirmed`, or a status that is not known to be silent.

        `unconfirmed` and `unapproved` rows get nothing until somebody confirms or approves them, a consent of its own.
        """
        return self.status not in _SILENT


@dataclass(frozen=True, slots=True)
class LookupResult:
    """What a look-up showed of an address."""

    email: str
    rows: tuple[Row, ...]
    """Empty: MailWizz does not know the address."""
    is_whole: bool
    """Whether these are all its rows, each with a status that we know."""

    @property
    def active(self) -> list[Row]:
        """The rows that campaigns go to."""
        return [row for row in self.rows if row.is_active]

    @property
    def blacklisted(self) -> list[Row]:
        """The rows that a call for the whole address overwrites."""
        return [row for row in self.rows if row.status == "blacklisted"]

    def with_row(self, row: Row) -> "LookupResult":
        """The same and a row known from elsewhere: a look-up that hides one which is active may hide others."""
        if any(shown.uid.lower() == row.uid.lower() for shown in self.rows):
            return self
        return LookupResult(self.email, (*self.rows, row), is_whole=self.is_whole and not row.is_active)


def read_object(response: httpx.Response) -> Answer:
    """The JSON object in the body, whatever the status."""
    try:
        answer = response.json()
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def read_success(response: httpx.Response) -> Answer:
    """The answer, when MailWizz says in its own words that it succeeded. Raises as `Provider.unsubscribe`."""
    if response.status_code == httpx.codes.NOT_FOUND:
        raise ProviderUnavailable(
            "there is no MailWizz API at the configured url; "
            f"it is mostly https://HOST/api or https://HOST/api/index.php ({describe(response)})"
        )
    answer = read_object(require_success(response))
    if blames_credentials(answer):
        raise credentials_failure(response)
    if answer.get("status") != "success":
        raise TemporaryFailure(f"the answer does not say in MailWizz's words that it succeeded ({describe(response)})")
    return answer


def blames_credentials(answer: Answer) -> bool:
    """Whether the error is one of MailWizz's English texts about keys, signatures, addresses and accounts."""
    error = answer.get("error")
    texts = error.values() if isinstance(error, dict) else [error]
    return any(isinstance(text, str) and _BLAMES_CREDENTIALS.match(text) for text in texts)


def credentials_failure(response: httpx.Response) -> ProviderUnavailable:
    """What to raise when MailWizz refuses whoever calls."""
    return ProviderUnavailable(
        "MailWizz refuses the credentials: check the keys, the IP addresses that they allow, this machine's clock, and "
        f"that url is written exactly as MailWizz is configured with it ({describe(response)})"
    )


def read_count(answer: Answer) -> int:
    """`data.count`; MailWizz gives null for 0. Raises `TemporaryFailure` where there is none."""
    data = answer.get("data")
    if not isinstance(data, dict) or "count" not in data:
        raise _senseless("it holds no count")
    count = "0" if data["count"] is None else str(data["count"])
    if not _COUNT.fullmatch(count):
        raise _senseless("its count is not a number")
    return int(count)


def read_found(answer: Answer, email: str) -> LookupResult:
    """The rows that a look-up of `email` shows. Raises `TemporaryFailure` where they can't be relied on."""
    count = read_count(answer)
    data = answer["data"]
    records = (data.get("records") if isinstance(data, dict) else None) or []
    if not isinstance(records, list) or (count and not records):
        raise _senseless("it counts rows and shows none")
    rows = tuple(_row(record, email) for record in records)
    is_known = all(row.status in _SILENT or row.status == "confirmed" for row in rows)
    return LookupResult(email, rows, is_whole=is_known and len(rows) < _SHOWN_AT_MOST and count <= len(rows))


def read_subscriber(answer: Answer, list_uid: str, uid: str) -> tuple[Address, Row]:
    """The address of the subscriber with these ids, and their row.

    Raises `TemporaryFailure` where there is no one address, or it is somebody else's.
    """
    match answer:
        case {"data": {"record": dict(record)}}:
            pass
        case _:
            raise _senseless("it holds no subscriber")
    if str(record.get("subscriber_uid", uid)).lower() != uid.lower():
        raise _senseless("it is about another subscriber")
    told = {_address(value) for name, value in record.items() if name.lower() == "email"}
    address = told.pop() if len(told) == 1 else None
    if address is None:
        raise _senseless("it does not hold one address of the subscriber")
    return address, Row(list_uid, uid, str(record.get("status", "")))


def _address(value: object) -> Address | None:
    return parse_address(value) if isinstance(value, str) else None


def _row(record: object, email: str) -> Row:
    match record:
        case {"subscriber_uid": str(uid), "status": str(status), "list": {"list_uid": str(list_uid)}, **others}:
            row = Row(list_uid, uid, status)
        case _:
            raise _senseless("a row lacks an id or a status")
    # The ids become part of our URLs, so that they must be ids and nothing else.
    if not (_UID.fullmatch(uid) and _UID.fullmatch(list_uid)):
        raise _senseless("a row's id holds other characters than letters and digits")
    if str(others.get("email", email)).casefold() != email.casefold():
        raise _senseless("a row belongs to another address")
    return row


def _senseless(what: str) -> TemporaryFailure:
    return TemporaryFailure(f"MailWizz's answer makes no sense: {what}")

"""Complaints: a feedback-loop row names its subject by an address or by a list manager's ids."""

import re
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple
from urllib.parse import unquote

from bouncehandler.accounting.fields import clean, parse_addresses, parse_time
from bouncehandler.record import Address, Complaint, Headers, Subscriber

_RECIPIENTS = ("rcpt", "header_x-hmxmroriginalrecipient", "arf_original-rcpt-to", "arf_original-recipient")
"""Columns with the original recipients: Microsoft's header, which may be mapped, and RFC 5965's field."""

_MESSAGE_RECIPIENTS = ("header_x-original-to", "header_delivered-to", "header_to")
"""Columns with the message's own recipient; used where they hold one address, and no other column has a subject."""

_IDS = {
    "rcpt": "rcpt",
    "header_list-unsubscribe": "header_List-Unsubscribe",
    "header_list-id": "header_List-Id",
    "header_x-mw-subscriber-uid": "header_X-Mw-Subscriber-Uid",
    "header_x-mailer-lid": "header_X-Mailer-LID",
    "header_x-mailer-recptid": "header_X-Mailer-RecptId",
}
"""Columns with the subject, and their names in PowerMTA's `record-fields`."""

SUBJECT_COLUMNS = frozenset((*_RECIPIENTS, *_MESSAGE_RECIPIENTS, *_IDS, "header_x-mw-campaign-uid"))
"""Columns that decide the subject of a complaint, in lower case."""

_NOTICE_HEADERS = ("Subject", "From", "Date", "Message-Id", "List-Id", "Feedback-ID", "X-Job", "BatchId")
"""Headers of the complained message that go into the notice."""

_MAILTO = re.compile(r"<mailto:([^?>]+)[?>]", re.IGNORECASE)
_UID = re.compile(r"[a-z0-9]{13}")
_ID = re.compile(r"[A-Za-z0-9]{1,64}")
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")
_NUMBERS = re.compile(r"[0-9\s,;\[\]]*")
_ASIDE = re.compile(r"<[^>]*>|\([^)]*\)|\"[^\"]*\"")

_MAX_HEADER = 4096
"""Characters of a header that are read."""
_MAX_MAILTOS = 5
_MAX_RECIPIENTS = 20
"""Recipients of one report; a person has to look at a report with more."""


class AnonymousComplaint(NamedTuple):
    """A complaint with neither an address nor ids."""

    complaint: Complaint
    line: int
    """Line of the stream, from 1, at which the row begins."""
    raw: bytes
    """The row as it came, line end included."""
    missing: tuple[str, ...]
    """Columns with the subject that the header lacks, as `record-fields` names them."""


class ComplaintLayout:
    """Columns of one header, or of a configured order, read as a feedback loop's."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._names = [name.strip().lower() for name in columns]
        self.missing = tuple(written for name, written in _IDS.items() if name not in self._names)
        """Columns with the subject that are absent."""
        self.lacks_type = "feedbacktype" not in self._names
        """Whether complaints and `not-spam` reports look the same."""

    def complaints(self, row: Sequence[str]) -> list[Complaint] | str:
        """One complaint for each recipient, or one without; or the reason why the row is none."""
        cells: dict[str, str] = {}
        for name, cell in zip(self._names, row, strict=False):
            if cell and not cells.get(name):  # of several columns of a name: the first that is not empty
                cells[name] = clean(cell)
        complaint, found = _without_recipient(cells), _recipients(cells)
        if len(found) > _MAX_RECIPIENTS:
            return "too-many-recipients"
        return [complaint._replace(recipient=recipient) for recipient in found] or [complaint]


def _recipients(cells: dict[str, str]) -> list[Address]:
    """The recipients of the first column that has any, and of the report's own list where the two overlap."""
    cells_read = (parse_addresses(cells.get(name, "")) for name in _RECIPIENTS)
    found = next(filter(None, cells_read), [])
    listed = parse_addresses(cells.get("arf_original-rcpt-to", ""))
    return list(dict.fromkeys((*found, *listed))) if set(found) & set(listed) else found


def _without_recipient(cells: dict[str, str]) -> Complaint:
    return Complaint(
        feedback_type=re.sub(r"[\s_]+", "-", cells.get("feedbacktype", "")[:100].strip().lower()),
        logged_at=parse_time(cells.get("timelogged", "")),
        originator=cells.get("orig") or cells.get("header_return-path", ""),
        job_id=cells.get("header_x-job") or cells.get("jobid", ""),
        subscriber=_mailwizz(cells) or _interspire(cells) or Subscriber(),
        unsubscribe_to=_mailtos(cells.get("header_list-unsubscribe", "")[:_MAX_HEADER]),
        written_to=_written_to(cells),
        reporter=_reporter(cells),
        headers=_headers(cells),
    )


def _mailwizz(cells: dict[str, str]) -> Subscriber | None:
    subscriber = cells.get("header_x-mw-subscriber-uid", "").strip()
    list_id = _list_id(cells.get("header_list-id", "")[:_MAX_HEADER])
    if not (_ID.fullmatch(subscriber) and list_id):
        return None
    campaign = cells.get("header_x-mw-campaign-uid", "").strip()
    return Subscriber("mailwizz", list_id, subscriber, campaign if _ID.fullmatch(campaign) else "")


def _list_id(header: str) -> str:
    """MailWizz's list in `ab123cd456ef7 <News>`; empty where the header holds none."""
    whole = header.strip().strip("<>")
    if _ID.fullmatch(whole):
        return whole
    bare = _ASIDE.sub(" ", header).split()
    uids = [word for word in (*bare, *re.split(r"[^A-Za-z0-9]+", header)) if _UID.fullmatch(word)]
    if uids:
        return min(uids, key=str.isalpha)  # a word without a digit may be part of a name
    return bare[0] if len(bare) == 1 and _ID.fullmatch(bare[0]) else ""


def _interspire(cells: dict[str, str]) -> Subscriber | None:
    """X-Mailer-LID names every list that the newsletter went to."""
    header = cells.get("header_x-mailer-lid", "")
    if len(header) > _MAX_HEADER or not _NUMBERS.fullmatch(header):
        return None
    lists = [number for number in re.findall("[0-9]+", header) if _NUMBER.fullmatch(number)]
    subscriber = cells.get("header_x-mailer-recptid", "").strip()
    if not (lists and _NUMBER.fullmatch(subscriber)):
        return None
    return Subscriber("interspire", ",".join(dict.fromkeys(lists)), subscriber)


def _mailtos(header: str) -> tuple[str, ...]:
    """The mail addresses in a List-Unsubscribe header; white space in it means nothing (RFC 2369 2)."""
    bare = re.sub(r"\s+", "", header)
    uris = _MAILTO.finditer(bare if "<" in bare else f"<{bare}>")
    found = (unquote(match[1]) for match in islice(uris, _MAX_MAILTOS))
    return tuple(address for address in found if address.isprintable())


def _reporter(cells: dict[str, str]) -> str:
    """The reporter; Microsoft's reports name no agent, but PowerMTA names their format."""
    agent = cells.get("useragent") or " ".join(filter(None, (cells.get("format"), cells.get("reporteddomain"))))
    source = cells.get("repsourceip", "")
    return f"{agent} from {source}" if agent and source else agent or source


def _headers(cells: dict[str, str]) -> Headers:
    named = ((name, cells.get(f"header_{name.lower()}", "")) for name in _NOTICE_HEADERS)
    return tuple((name, value[:_MAX_HEADER]) for name, value in named if value)


def _written_to(cells: dict[str, str]) -> str:
    """The address in the message's own headers, where the first of them that has any has just one; else empty."""
    cells_read = (parse_addresses(cells.get(name, "")) for name in _MESSAGE_RECIPIENTS)
    found = next(filter(None, cells_read), [])
    return found[0] if len(found) == 1 else ""

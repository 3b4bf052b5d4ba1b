"""Column layouts: a header row becomes a function from rows to bounces."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Literal, NamedTuple

from bouncehandler.accounting.column_order import ColumnOrder
from bouncehandler.accounting.complaints import SUBJECT_COLUMNS, ComplaintLayout
from bouncehandler.accounting.fields import clean, parse_time, parse_times
from bouncehandler.record import Bounce, Delivery, parse_address, parse_status
from bouncehandler.record.bounce_batch import BounceBatch
from bouncehandler.record.dsn_status import parse_statuses

_ORDERS = """
type timeQueued bounceCat vmta orig rcpt srcMta dlvSourceIp jobId dsnStatus dsnMta dsnDiag

type timeLogged repSourceIp feedbackType format userAgent envId orig rcpt reportingMta dlvSourceIp reportedDomain
header_From header_Return-Path header_X-job header_Subject header_subject header_BatchId header_Message-Id
header_List-Unsubscribe header_List-Id header_X-Mw-Subscriber-Uid header_X-Mailer-LID header_X-Mailer-RecptId
"""
DEFAULT_COLUMNS: Mapping[str, tuple[str, ...]] = dict(
    zip("bf", (tuple(order.split()) for order in _ORDERS.split("\n\n")), strict=True)
)
"""The orders that the old handler's README prescribes, for streams without a header (`powermta.md`)."""

_SOURCES: Mapping[str, tuple[str, ...]] = {
    "rcpt": ("rcpt",),
    "timeLogged": ("timelogged",),
    "timeQueued": ("timequeued",),
    "orig": ("orig",),
    "bounceCat": ("bouncecat",),
    "dsnStatus": ("dsnstatus",),
    "dsnDiag": ("dsndiag",),
    "dsnMta": ("dsnmta",),
    "jobId": ("jobid", "header_x-job"),  # a remote bounce has its job in the header alone
    "vmta": ("vmta",),
    "dlvSourceIp": ("dlvsourceip",),
}
"""Columns of a bounce, in the order of `_bounce`, with the header names that each may have, in lower case."""

_DECISIVE_LAST = SUBJECT_COLUMNS | {"orig", "bouncecat", "dsnstatus", "jobid", "feedbacktype"}

_DECISIVE = ("rcpt", "bounceCat", "orig", "dsnStatus")


class ColumnsMissing(NamedTuple):
    """A header lacks columns that decisions need, and a record came; PowerMTA's `record-fields` adds them."""

    line: int
    """Line of the stream, from 1, of the first such record under that header."""
    columns: tuple[str, ...]
    record_type: Literal["b", "f"] = "b"
    """The type of the records: bounces or complaints."""


class Layout:
    """The columns of one header, or of a configured order."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        self.width = len(columns)
        names = [name.strip().lower() for name in columns]
        self.indices = indices = {field: _indices(names, wanted) for field, wanted in _SOURCES.items()}
        """Indices by PowerMTA's name of the column; empty where there is none, several where the header has several."""
        self.missing = tuple(field for field in _DECISIVE if not indices[field])
        self.category = indices["bounceCat"][0] if indices["bounceCat"] else 0
        """Index of the first column for the bounce category; any where there is none."""
        self.tally_width = self.width if len(indices["bounceCat"]) == 1 else -1
        """Cells of the rows whose category is sure to stand at that index; none where there is none, or several."""
        self.ends_decisively = bool(names) and names[-1] in _DECISIVE_LAST
        """Whether a cut within the last cell could change a decision."""
        self.recipient = indices["rcpt"][0] if len(indices["rcpt"]) == 1 and not self.missing else None
        """Index of the one column for the recipient; None where there are several, or a decisive one is missing."""
        self._take = _cell_taker(list(indices.values()))
        self._needed = self.width if all(indices.values()) else self.width + 1
        """Cells that a row needs; one more, which is empty, where a column is missing."""

    def delivery(self, row: list[str]) -> Delivery | None:
        """The row as a delivery; None where it lacks the recipient or the time, both of which are needed."""
        row.extend([""] * (self.width + 1 - len(row)))
        rcpt, logged, queued, *_ = self._take(row)
        recipient, at = parse_address(clean(rcpt)), parse_time(logged or queued)
        return Delivery(recipient, at) if recipient and at else None

    @cached_property
    def of_complaints(self) -> ComplaintLayout:
        """The columns read as a feedback loop's."""
        return ComplaintLayout(self.columns)

    @cached_property
    def order(self) -> ColumnOrder:
        """The same columns as an assumed order, for rows without a header."""
        return ColumnOrder(self.columns)

    def bounce(self, row: list[str], record_type: Literal["b", "rb"]) -> Bounce | str:
        """The row as a bounce, or the reason why it is none; a row shorter than the header is padded."""
        if len(row) < self._needed:
            row.extend([""] * (self.width + 1 - len(row)))
        cells = self._take(row)
        text = "".join(cells)
        return _bounce(cells if text.isascii() and "\0" not in text else tuple(map(clean, cells)), record_type)

    def bounces(self, rows: Sequence[list[str]]) -> BounceBatch:
        """Rows of type `b` or `rb`, each as wide as the header and with a plain address for its recipient, as bounces.

        The result is that of `bounce`, in less than half the time: a column at a time.
        """
        cells = {name: self._column(rows, indices) for name, indices in self.indices.items()}
        return BounceBatch(
            {
                "record_type": [row[0] for row in rows],
                "recipient": cells["rcpt"],
                "logged_at": parse_times(cells["timeLogged"]),
                "queued_at": parse_times(cells["timeQueued"]),
                "originator": cells["orig"],
                "category": cells["bounceCat"],
                "status": parse_statuses(cells["dsnStatus"]),
                "status_text": cells["dsnStatus"],
                "diagnostic": cells["dsnDiag"],
                "remote_mta": cells["dsnMta"],
                "job_id": cells["jobId"],
                "vmta": cells["vmta"],
                "source_ip": cells["dlvSourceIp"],
            }
        )

    def _column(self, rows: Sequence[list[str]], indices: Sequence[int]) -> list[str]:
        """Clean cells, of several columns the first that is not empty; empty ones where there is no column."""
        if not indices:
            return [""] * len(rows)
        cells: list[str] = list(map(itemgetter(indices[0]), rows))
        for index in indices[1:]:
            if "" in cells:
                cells = [cell or row[index] for cell, row in zip(cells, rows, strict=True)]
        text = "".join(cells)
        return cells if text.isascii() and "\0" not in text else list(map(clean, cells))


def _indices(names: list[str], wanted: tuple[str, ...]) -> list[int]:
    """Indices of every column with a wanted name, in the order of the wanted names."""
    return [at for name in wanted for at, column in enumerate(names) if column == name]


def _cell_taker(indices: list[list[int]]) -> Callable[[list[str]], tuple[str, ...]]:
    """A function from a padded row to one cell a field: of several columns the first that is not empty."""
    first = itemgetter(*(found[0] if found else -1 for found in indices))
    several = [(at, found) for at, found in enumerate(indices) if len(found) > 1]
    if not several:
        return first

    def take(row: list[str]) -> tuple[str, ...]:
        cells: tuple[str, ...] = first(row)
        for at, found in several:
            if not cells[at]:
                other = next((row[index] for index in found if row[index]), "")
                cells = (*cells[:at], other, *cells[at + 1 :])
        return cells

    return take


def _bounce(cells: tuple[str, ...], record_type: Literal["b", "rb"]) -> Bounce | str:
    """Cells that are clean already, as a bounce."""
    rcpt, logged, queued, originator, category, status, diagnostic, remote_mta, job_id, vmta, source_ip = cells
    recipient = parse_address(rcpt)
    if recipient is None:
        return "not-an-address" if rcpt.strip() else "no-recipient"
    return Bounce(
        record_type,
        recipient,
        parse_time(logged) if logged else None,
        parse_time(queued) if queued else None,
        originator,
        category,
        parse_status(status),
        status,
        diagnostic,
        remote_mta,
        job_id,
        vmta,
        source_ip,
    )


_KEPT = 4096
"""Number of the latest headers that are kept: more than fit into one block."""


class HeaderLog:
    """Headers of a stream by line."""

    def __init__(self) -> None:
        self._lines: list[int] = []
        self._raws: list[bytes] = []

    def add(self, line: int, raw: bytes) -> None:
        """Add a header at a line of the stream, counted from 1."""
        self._lines.append(line)
        self._raws.append(raw)
        if len(self._lines) > 2 * _KEPT:
            del self._lines[:_KEPT], self._raws[:_KEPT]

    def before(self, line: int) -> bytes:
        """The header in force for a row at this line, as it came; empty where none had come."""
        at = bisect_left(self._lines, line)
        return self._raws[at - 1] if at else b""

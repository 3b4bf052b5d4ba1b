"""Accounting streams for the tests: rows by column name, and all that a reader makes of them."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bouncehandler.accounting import AnonymousComplaint, ColumnsMissing, PowerMtaCsvReader, Unreadable, bounces_in
from bouncehandler.record import Bounce, Complaint, ListedAddress

SAMPLES = Path(__file__).parents[3] / "config" / "samples"

COLUMNS = ("type", "timeLogged", "timeQueued", "orig", "rcpt", "dsnStatus", "dsnDiag", "bounceCat", "vmta", "jobId")
CELLS: Mapping[str, str] = {
    "type": "b",
    "timeLogged": "2026-01-05 10:00:00+0100",
    "timeQueued": "2026-01-05 09:59:58+0100",
    "orig": "news@example.com",
    "rcpt": "ann@example.net",
    "dsnStatus": "5.1.1 (bad destination mailbox address)",
    "dsnDiag": "smtp;550 5.1.1 user unknown",
    "bounceCat": "bad-mailbox",
    "vmta": "vmta1",
    "jobId": "job1",
}
HEADER = ",".join(COLUMNS) + "\n"


class Reading(NamedTuple):
    """Events of a reader, in their order."""

    reader: PowerMtaCsvReader
    bounces: list[Bounce]
    listed: list[str]
    unreadable: list[Unreadable]
    missing: list[ColumnsMissing]
    complaints: list[Complaint]
    nameless: list[AnonymousComplaint]

    @property
    def recipients(self) -> list[str]:
        """Recipients of the bounces."""
        return [bounce.recipient for bounce in self.bounces]

    @property
    def reasons(self) -> list[tuple[int, str]]:
        """Line and reason of each row that could not be read; pieces of a row count once."""
        return [(row.line, row.reason) for row in self.unreadable if row.is_first_piece]

    @property
    def raw(self) -> list[bytes]:
        """The rows that could not be read."""
        return [row.raw for row in self.unreadable]


def read(data: bytes | str, reader: PowerMtaCsvReader | None = None, block: int = 1 << 18) -> Reading:
    """Read the data in blocks of so many bytes."""
    data = data.encode(errors="surrogateescape") if isinstance(data, str) else data
    reader = reader or PowerMtaCsvReader()
    items = [item for at in range(0, len(data), block) for item in reader.feed(data[at : at + block])]
    items += reader.close()
    return Reading(
        reader,
        list(bounces_in(items)),
        [item.recipient for item in items if isinstance(item, ListedAddress)],
        [item for item in items if isinstance(item, Unreadable)],
        [item for item in items if isinstance(item, ColumnsMissing)],
        [item for item in items if isinstance(item, Complaint)],
        [item for item in items if isinstance(item, AnonymousComplaint)],
    )


def row(columns: Sequence[str] = COLUMNS, end: str = "\n", **cells: str) -> str:
    """A row with quotes where CSV asks for them."""
    text = io.StringIO()
    csv.writer(text, lineterminator=end).writerow([{**CELLS, **cells}.get(name, "") for name in columns])
    return text.getvalue()


def good(number: int, end: str = "\n") -> str:
    """A row without quotes, distinguished from others by its recipient."""
    return row(rcpt=f"good{number}@example.net", end=end)


def only(data: bytes | str) -> Bounce:
    """The only bounce in the data."""
    reading = read(data)
    assert not reading.unreadable
    (bounce,) = reading.bounces
    return bounce

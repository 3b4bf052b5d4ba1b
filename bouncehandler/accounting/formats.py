"""Input formats: the port that a reader of accounting records implements, and the registry of readers by format."""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from bouncehandler.accounting.events import Item
from bouncehandler.accounting.fast_path import RowObserver
from bouncehandler.accounting.layout import DEFAULT_COLUMNS
from bouncehandler.accounting.reader import PowerMtaCsvReader


class RecordReader(Protocol):
    """Turns the bytes of one input into records; `feed` it blocks, then `close` it."""

    counted: Counter[str]
    """Readable rows by record type (`list` for listed addresses), without the rows in `tallies`."""
    tallies: dict[str, dict[str, int]]
    """Rows that were only counted, by record type and category; see `ignore`."""

    unreadable: Counter[str]
    """Rows that could not be read, by reason."""
    is_familiar: bool
    """Whether any input was in this format, readable or not."""

    @property
    def rows(self) -> int:
        """Number of readable rows so far."""

    @property
    def is_open(self) -> bool:
        """Whether a row has begun and not ended, so that further rows may be part of it."""

    def feed(self, block: bytes) -> list[Item]:
        """The items of the rows that end in this block."""

    def close(self) -> list[Item]:
        """The items that are left at the end of the input."""

    def give_up_open_row(self) -> list[Item]:
        """The items of the rows that an open row has swallowed, if any."""

    def refusal(self) -> str:
        """Refusal of the input as a whole, with cause and remedy; empty for an input that is accepted."""

    def ignore(self, category: str) -> None:
        """Count the bounces of this category from now on, without a record of each."""

    def header_before(self, line: int) -> bytes:
        """The header in force at a line of the input, as it came; empty for none."""

    def observe(self, observer: RowObserver) -> None:
        """Pass the rows that are only counted to an observer."""


class _ReaderFactory(Protocol):
    def __call__(self, columns: Mapping[str, Sequence[str]], *, takes_deliveries: bool = False) -> RecordReader: ...


POWERMTA_CSV = "powermta-csv"

FORMATS: Mapping[str, _ReaderFactory] = MappingProxyType({POWERMTA_CSV: PowerMtaCsvReader})
"""By the name of the format."""


def open_reader(
    columns: Mapping[str, Sequence[str]] = DEFAULT_COLUMNS,
    *,
    takes_deliveries: bool = False,
    input_format: str = POWERMTA_CSV,
) -> RecordReader:
    """A fresh reader for one input.

    Args:
        columns: column orders of an input without a header, by record type: `b` and `f`.
        takes_deliveries: whether deliveries become records; else they are only counted.
        input_format: a key of `FORMATS`.
    """
    return FORMATS[input_format](columns, takes_deliveries=takes_deliveries)

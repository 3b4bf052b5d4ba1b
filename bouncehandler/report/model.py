"""A report as plain data: what every form of it shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Value = str | float | None
"""What a cell holds: a text, a number, or nothing that could be told."""

Kind = Literal["text", "code", "count", "share", "seconds", "moment"]
"""How a value is written: `share` is a part of 1, `moment` seconds since the epoch, `code` hostile text."""

Tone = Literal["bad", "doubtful", "good", "plain"]


class Column(NamedTuple):
    """A column of a table."""

    name: str
    """For programs: the key in JSON, the measure in CSV."""
    title: str
    """For people."""
    kind: Kind = "count"
    is_minor: bool = False
    """Whether a narrow page may leave it out."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table; its first column names each row."""

    name: str
    title: str
    note: str
    """A sentence on what it tells; empty where the title says all."""
    columns: Sequence[Column]
    rows: Sequence[tuple[Value, ...]]
    """Sorted by `sorted_by`, largest first; a bounded number of them."""
    rest: tuple[Value, ...] | None = None
    """The sum of what is not shown by itself; None where everything is."""
    sorted_by: str = ""
    """The column; empty where the rows have an order of their own."""
    parts: tuple[str, ...] = ()
    """Columns that are parts of a whole, and drawn as a bar in each row."""

    @property
    def widest(self) -> float:
        """The largest sum of parts in any row; at least 1."""
        return max([1.0, *map(self.whole, self.rows)])

    def part(self, row: tuple[Value, ...], name: str) -> float:
        """A number of a row, by its column; 0 where there is none."""
        value = row[[column.name for column in self.columns].index(name)]
        return value if isinstance(value, int | float) else 0

    def whole(self, row: tuple[Value, ...]) -> float:
        """The sum of a row's parts."""
        return sum(self.part(row, name) for name in self.parts)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Numbers over time."""

    starts: Sequence[int]
    """When each step begins: seconds since the epoch."""
    step: int
    """Seconds."""
    series: Mapping[str, Sequence[float]]
    """By what is counted: `suppressed`, `counted` and `ignored` bounces; `complaints`, `unsubscribes`, `delivered`; and
    where deliveries are told `complaint_share`, complaints by deliveries."""


class Headline(NamedTuple):
    """A number that stands at the top."""

    name: str
    title: str
    value: float | None
    kind: Kind
    note: str
    tone: Tone = "plain"


class Alert(NamedTuple):
    """Something that somebody should look at, and how."""

    tone: Tone
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """The whole of it; times are seconds since the epoch."""

    host: str
    """Which installation it tells of."""
    since: float
    until: float
    made_at: float
    headlines: Sequence[Headline]
    alerts: Sequence[Alert]
    """Empty: nothing calls for attention."""
    timeline: Timeline
    tables: Sequence[Table]
    is_empty: bool
    """Whether nothing was read in this time."""

    def table(self, name: str) -> Table | None:
        """The table of that name; None where the report has none."""
        return next((table for table in self.tables if table.name == name), None)

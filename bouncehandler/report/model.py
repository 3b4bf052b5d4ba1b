"""A report as plain data, independent of its form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Value = str | float | None
"""The value of a cell; None where it is unknown."""

Kind = Literal["text", "code", "count", "share", "seconds", "moment"]
"""The format of a value: `share` is a fraction of 1, `moment` seconds since the epoch, `code` hostile text."""

Tone = Literal["bad", "doubtful", "good", "plain"]


class TableColumn(NamedTuple):
    """A column of a table."""

    name: str
    """The key in JSON, the measure in CSV."""
    title: str
    """The heading."""
    kind: Kind = "count"
    is_minor: bool = False
    """Whether a narrow page omits it."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table, whose first column has the names of the rows."""

    name: str
    title: str
    note: str
    """An explanation, which may be empty."""
    columns: Sequence[TableColumn]
    rows: Sequence[tuple[Value, ...]]
    """Sorted by `sorted_by`, largest first; a limited number of them."""
    rest: tuple[Value, ...] | None = None
    """The sum of the rows beyond the limit; None where there are none."""
    sorted_by: str = ""
    """A column; empty for another order."""
    parts: tuple[str, ...] = ()
    """Columns that add up to the bar of each row."""

    @property
    def widest(self) -> float:
        """The largest sum of parts of a row; at least 1."""
        return max([1.0, *map(self.whole, self.rows)])

    def part(self, row: tuple[Value, ...], name: str) -> float:
        """Return the number in a column of a row; 0 where it is none."""
        value = row[[column.name for column in self.columns].index(name)]
        return value if isinstance(value, int | float) else 0

    def whole(self, row: tuple[Value, ...]) -> float:
        """Add up the parts of a row."""
        return sum(self.part(row, name) for name in self.parts)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Counts over time."""

    starts: Sequence[int]
    """The beginning of each step: seconds since the epoch."""
    step: int
    """Seconds."""
    series: Mapping[str, Sequence[float]]
    """Series by name: `suppressed`, `counted` and `ignored` bounces; `complaints`, `unsubscribes`, `delivered`; with
    delivery records `complaint_share`, complaints by deliveries."""


class Headline(NamedTuple):
    """A key figure at the top."""

    name: str
    title: str
    value: float | None
    kind: Kind
    note: str
    tone: Tone = "plain"


class Alert(NamedTuple):
    """A problem that needs attention, and its remedy."""

    tone: Tone
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """A report; times are seconds since the epoch."""

    host: str
    """The host name of the installation."""
    since: float
    until: float
    made_at: float
    headlines: Sequence[Headline]
    alerts: Sequence[Alert]
    timeline: Timeline
    tables: Sequence[Table]
    is_empty: bool
    """Whether no records are of this period."""

    def table(self, name: str) -> Table | None:
        """Return the table of a name; None where the report lacks it."""
        return next((table for table in self.tables if table.name == name), None)

"""What is recorded together, a column a field: most of it are bounces, of which nobody needs one alone."""

from collections.abc import Iterable, Sequence
from typing import Any, Self, overload

from bouncehandler.spool.data import Owed, Sighting
from bouncehandler.suppression import Suppression

_OF_SUPPRESSION = len(Suppression._fields)
FIELDS = (*Suppression._fields, *Owed._fields[1:])
"""The columns: what a suppression is made of, and what else is owed with it."""

Columns = Iterable[Sequence[Any]]
"""A sequence for each of `FIELDS`, all of the same length."""


class Batch(Sequence[Owed]):
    """Any sequence of `Owed`, which are made when they are asked for."""

    def __init__(self, columns: Columns) -> None:
        self.columns = [*map(list, columns)]

    @classmethod
    def of(cls, owed: Iterable[Owed]) -> Self:
        """The same, one by one; a batch stays what it is."""
        if isinstance(owed, cls):
            return owed
        batch = cls(() for _ in FIELDS)
        for one in owed:
            batch.append(one)
        return batch

    def append(self, owed: Owed) -> None:
        """Add one."""
        for column, value in zip(self.columns, (*owed[0], *owed[1:]), strict=True):
            column.append(value)

    def extend(self, columns: Columns) -> None:
        """Add many."""
        for column, more in zip(self.columns, columns, strict=True):
            column.extend(more)

    def column(self, name: str) -> list[Any]:
        """One of `FIELDS`."""
        return self.columns[FIELDS.index(name)]

    @property
    def ids(self) -> list[str]:
        """See `Suppression.id`."""
        return self.columns[0]

    @property
    def sightings(self) -> list[Sighting | None]:
        """See `Owed.sighting`."""
        return self.columns[-1]

    def __len__(self) -> int:
        return len(self.columns[0])

    @overload
    def __getitem__(self, place: int) -> Owed: ...

    @overload
    def __getitem__(self, place: slice) -> "Batch": ...

    def __getitem__(self, place: int | slice) -> "Owed | Batch":
        if isinstance(place, slice):
            return Batch(column[place] for column in self.columns)
        values = [column[place] for column in self.columns]
        return Owed(Suppression._make(values[:_OF_SUPPRESSION]), *values[_OF_SUPPRESSION:])

"""Batches for the spool, a column a field: most entries are bounces, of which none is needed alone."""

from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar, overload

from bouncehandler.spool.models import QueuedSuppression, SoftBounceEntry
from bouncehandler.suppression import Suppression

_One = TypeVar("_One", bound=QueuedSuppression | SoftBounceEntry)

_OF_SUPPRESSION = len(Suppression._fields)

Columns = Iterable[Sequence[Any]]
"""A sequence for each field of a suppression, and for each that is kept beside it, all of the same length."""


class QueueBatch(Sequence[_One], Generic[_One]):
    """A sequence of entries that are made when they are asked for.

    Args:
        kind: the type of its entries: `QueuedSuppression` or `SoftBounceEntry`.
        columns: None: it is empty.
    """

    def __init__(self, kind: type[_One], columns: Columns | None = None) -> None:
        self._kind = kind
        self._fields = (*Suppression._fields, *kind._fields[1:])
        self.columns: list[list[Any]] = [list(column) for column in columns or ((),) * len(self._fields)]

    @classmethod
    def of(cls, kind: type[_One], several: Iterable[_One]) -> "QueueBatch[_One]":
        """A batch of these entries; one that is a batch already is returned as it is."""
        if isinstance(several, QueueBatch):
            return several
        batch = QueueBatch(kind)
        for one in several:
            batch.append(one)
        return batch

    def append(self, one: _One) -> None:
        """Add an entry."""
        for column, value in zip(self.columns, (*one[0], *one[1:]), strict=True):
            column.append(value)

    def extend(self, columns: Columns) -> None:
        """Add entries, as columns."""
        for column, more in zip(self.columns, columns, strict=True):
            column.extend(more)

    def column(self, name: str) -> list[Any]:
        """The column of a field."""
        return self.columns[self._fields.index(name)]

    def __len__(self) -> int:
        return len(self.columns[0])

    @overload
    def __getitem__(self, index: int) -> _One: ...

    @overload
    def __getitem__(self, index: slice) -> "QueueBatch[_One]": ...

    def __getitem__(self, index: int | slice) -> "_One | QueueBatch[_One]":
        if isinstance(index, slice):
            return QueueBatch(self._kind, (column[index] for column in self.columns))
        values = [column[index] for column in self.columns]
        return self._kind(Suppression._make(values[:_OF_SUPPRESSION]), *values[_OF_SUPPRESSION:])

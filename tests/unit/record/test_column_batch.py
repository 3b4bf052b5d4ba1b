"""Batches of columns, and the list of dimensions by which their values are counted."""

import pytest

from bouncehandler.accounting import FORMATS, Layout, open_reader
from bouncehandler.record import Address, Bounce
from bouncehandler.record.bounce_batch import BounceBatch
from bouncehandler.record.column_batch import ColumnBatch
from bouncehandler.record.dimensions import DIMENSIONS, Dimension
from bouncehandler.report.tables import BOUNCES
from bouncehandler.suppression import Suppression

ROWS = [Bounce("b", Address(f"user{number}@example.com"), job_id=f"job{number}") for number in range(4)]


def test_columns_are_found_by_name() -> None:
    """A batch has the same columns in whatever order they are named, and defaults for those that are not."""
    batch = ColumnBatch(Suppression, {"reason": ["list", "list"], "recipient": ["a", "b"], "id": ["1", "2"]})
    assert list(batch) == [Suppression("1", "a", "list"), Suppression("2", "b", "list")]


def test_a_column_without_a_default_is_needed() -> None:
    """A batch without a column that has no default can't be built."""
    with pytest.raises(KeyError, match="reason"):
        ColumnBatch(Suppression, {"recipient": ["a"], "id": ["1"]})


def test_rows_come_back() -> None:
    """Rows that become a batch, are taken by index and joined, are the same rows."""
    batch = BounceBatch.from_rows(ROWS)
    assert list(batch.take([0, 2]).joined([batch.take([3]), batch.take(range(1, 2))])) == [
        ROWS[n] for n in (0, 2, 3, 1)
    ]
    assert list(BounceBatch.from_rows([])) == []
    assert len(batch.take([1])) == 1


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_each_dimension_has_its_column_and_table(dimension: Dimension) -> None:
    """A dimension is read from bounces and from raw rows, and is a table of the report."""
    assert dimension.field in Bounce._fields
    assert Layout(("type", dimension.column)).indices[dimension.column] == [1]
    assert dimension.table in {table.name for table in BOUNCES}


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_has_a_reader(name: str) -> None:
    """A reader of every format is fresh, and recognises nothing in nothing."""
    reader = open_reader(input_format=name)
    assert reader.close() == []
    assert not reader.rows

"""A spool that is only read: active suppressions; and nothing of it changes."""

from pathlib import Path

import pytest

from bouncehandler.spool import QueuedSuppression, Selection, SpoolError
from bouncehandler.spool.sqlite.store import SqliteSpool
from bouncehandler.suppression import Suppression
from tests.contract.spool.examples import CLOCK, NOW, at_time

ANN, BOB = Suppression("a" * 24, "ann@example.com", "bounce"), Suppression("b" * 24, "bob@example.com", "list")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A spool with two people."""
    spool = SqliteSpool.open(tmp_path / "a spool?#.db", clock=CLOCK)
    at_time(spool, NOW).record([QueuedSuppression(ANN, ("news",)), QueuedSuppression(BOB, ("news",))])
    spool.close()
    return spool.path


def test_active_suppressions(path: Path) -> None:
    """Active suppressions are found by subject and record; undone ones no longer count."""
    spool = SqliteSpool.open(path, clock=CLOCK)
    list(at_time(spool, NOW).undo(Selection(recipient=BOB.recipient), restoring=(), asked_by="eve", forced=True))
    spool.close()
    reading = SqliteSpool.open_reading(path)
    found = reading.active_suppression(ANN.subject, ANN.id)
    assert found is not None
    assert (found.record, found.reason, found.is_held) == (ANN.id, "bounce", False)
    assert reading.active_suppressions(ANN.subject) == [found]
    assert reading.active_suppression(ANN.subject, BOB.id) is None
    assert reading.active_suppressions(BOB.subject) == []
    reading.close()


def test_writing(path: Path) -> None:
    """Writing is refused, and reading leaves the folder as it was."""
    before = {file: file.read_bytes() for file in path.parent.iterdir()}
    reading = SqliteSpool.open_reading(path)
    assert reading.status().suppressions == 2
    with pytest.raises(SpoolError, match="can't be written"):
        at_time(reading, NOW).record([QueuedSuppression(ANN._replace(id="c" * 24), ())])
    reading.close()
    assert {file: file.read_bytes() for file in path.parent.iterdir()} == before


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "can't be opened"), (b"", "of version 0"), (b"no database at all, but a text", "is not a SQLite database")],
)
def test_unfit(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    """Opening for reading makes no spool, migrates none, and reads no other file."""
    file = tmp_path / "other.db"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SpoolError, match=sentence):
        SqliteSpool.open_reading(file)
    assert (file.read_bytes() if content is not None else None, file.exists()) == (content, content is not None)

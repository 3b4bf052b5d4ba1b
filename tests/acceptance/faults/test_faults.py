"""Faults in short: nothing is lost, no person is suppressed wrongly, and stdin is always read."""

from pathlib import Path

import pytest

from tests.acceptance.faults.catalogue import FAULTS
from tests.acceptance.faults.table import SHORT, Fault

_UNREAD = 10.0
"""Seconds; PowerMTA gives up on a pipe after 60. `tests/README.md` states how long it is on a quieter machine."""


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.is_possible()], ids=lambda fault: fault.name)
def test_nothing_is_lost(fault: Fault, tmp_path: Path) -> None:
    """After the fault, and after what the documents ask the operator to do, every suppression is where it belongs."""
    line = fault.run(tmp_path, SHORT)
    assert line.tries
    assert line.rows
    assert (line.lost, line.wrong) == (0, 0), line
    assert line.unread is None or line.unread < _UNREAD, line


def test_names_are_unique() -> None:
    """Each line of the table is another fault."""
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)

"""All faults, in the order of the table."""

from tests.acceptance.faults import clock, damage, disk, killing, load, providers, stopping
from tests.acceptance.faults.input import FAULTS as INPUT
from tests.acceptance.faults.table import Fault

FAULTS: tuple[Fault, ...] = (
    *killing.FAULTS,
    *stopping.FAULTS,
    *disk.FAULTS,
    *damage.FAULTS,
    *load.FAULTS,
    *providers.FAULTS,
    *clock.FAULTS,
    *INPUT,
)
"""`make faults` does them at length, `make test` in short."""

"""All faults, in the order of the table."""

from tests.acceptance.faults import killing
from tests.acceptance.faults.table import Fault

FAULTS: tuple[Fault, ...] = (*killing.FAULTS,)

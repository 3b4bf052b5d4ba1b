"""How property tests draw their examples, and that nothing is compiled twice.

`make test` is the same for the same code every time: its examples are derived from the tests themselves. New ones are
searched with `make search`, which keeps what it finds.

The program is started a good thousand times: an environment that forbids to keep compiled modules would have it
compiled as often, and the tests themselves by each of pytest's processes.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.contract.spool.examples import CLOCK

settings.register_profile("settled", derandomize=True, deadline=None)  # a busy machine is no fault
settings.register_profile("search", max_examples=800, derandomize=False, deadline=None, print_blob=True)
settings.load_profile("settled")

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a shell's background, and every program would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _real_clock() -> Iterator[None]:
    """After each test the spools' clock is the real one again."""
    yield
    CLOCK.source = time.time

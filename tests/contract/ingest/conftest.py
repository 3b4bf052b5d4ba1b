"""Fixtures of the contract tests of the read loop."""

from collections.abc import Iterator

import pytest

from tests.contract.ingest.read_loops import RunningReadLoop
from tests.fakes.ingest import PipelineOnFakes


@pytest.fixture
def running() -> Iterator[RunningReadLoop]:
    """A read loop over a pipe."""
    running = RunningReadLoop(PipelineOnFakes())
    yield running
    running.close()

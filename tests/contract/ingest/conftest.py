"""Fixtures of the contract tests of the read loop."""

from collections.abc import Iterator

import pytest

from tests.contract.ingest.read_loops import Pumping
from tests.fakes.ingest import PipelineOnFakes


@pytest.fixture
def pumping() -> Iterator[Pumping]:
    """A pump over a pipe."""
    pumping = Pumping(PipelineOnFakes())
    yield pumping
    pumping.close()

"""Fixtures of the contract tests of the dispatcher."""

from collections.abc import Iterator

import pytest

from tests.fakes.adapter import FakeAdapter


@pytest.fixture
def adapter() -> Iterator[FakeAdapter]:
    """An adapter that carries everything out; calls that hang in it go on at the end."""
    adapter = FakeAdapter()
    yield adapter
    adapter.open.set()

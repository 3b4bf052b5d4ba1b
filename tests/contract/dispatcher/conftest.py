"""Fixtures of the contract tests of the dispatcher."""

from collections.abc import Iterator

import pytest

from tests.fakes.adapter import FakeAdapter


@pytest.fixture
def adapter() -> Iterator[FakeAdapter]:
    """One that carries everything out; whatever hangs in it goes on at the end."""
    adapter = FakeAdapter()
    yield adapter
    adapter.open.set()

"""Fixtures of the contract tests of Interspire."""

from collections.abc import Iterator

import httpx
import pytest

from tests.fakes.interspire import FakeInterspire


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """A plain client."""
    with httpx.Client() as client:
        yield client


@pytest.fixture
def fake() -> Iterator[FakeInterspire]:
    """An Interspire with lists 1, 2 and 3 and no subscriber on them."""
    with FakeInterspire() as server:
        yield server

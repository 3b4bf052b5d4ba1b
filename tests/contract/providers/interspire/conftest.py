"""Fixtures of the contract tests of Interspire."""

from collections.abc import Iterator

import httpx
import pytest

from providers.interspire import Interspire
from tests.contract.providers.interspire.examples import ANN, BOB, adapter
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


@pytest.fixture
def subscribed(fake: FakeInterspire) -> FakeInterspire:
    """The fake, with Ann on lists 1 and 2 of three, and Bob on all of them."""
    fake.subscribe(BOB, "1", "2", "3")
    fake.subscribe(ANN, "1", "2")
    return fake


@pytest.fixture
def interspire(fake: FakeInterspire, client: httpx.Client) -> Interspire:
    """The adapter with its default action."""
    return adapter(fake, client)

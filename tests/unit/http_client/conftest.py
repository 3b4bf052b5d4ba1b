"""Fixtures of the unit tests of the HTTP client."""

from collections.abc import Iterator

import pytest

from bouncehandler.http_client.client import ProviderClient, build_client
from tests.fakes.raw import Echo


@pytest.fixture
def client() -> Iterator[ProviderClient]:
    """A client with the usual limits."""
    with build_client(timeout=60, sleep=lambda _: None) as client:
        yield client


@pytest.fixture
def echo() -> Iterator[Echo]:
    """A server that repeats what it was sent."""
    with Echo() as server:
        yield server

"""Fixtures of the adapters' unit tests: the program's own client, with respx in place of the servers."""

from collections.abc import Iterator

import pytest
from respx import MockRouter

from bouncehandler.http_client.client import ProviderClient, build_client
from tests.fakes.raw import CERTIFICATE


@pytest.fixture
def client(respx_mock: MockRouter) -> Iterator[ProviderClient]:  # noqa: ARG001  # takes the place of the network
    """The client that adapters receive; below it the routes of `respx_mock` answer, and nothing is sent.

    A request without a route fails the test, and so does a route without a request, but for tests marked
    `respx(assert_all_called=False)`.
    """
    # With one authority: loading the machine's, of which nothing here needs any, would be most of each test's time.
    with build_client(timeout=10, ca_file=str(CERTIFICATE), sleep=lambda _: None) as client:
        yield client

"""Fixtures of the contract tests of webhooks."""

from collections.abc import Iterator

import pytest

from tests.fakes.webhook import FakeReceiver


@pytest.fixture
def receiver() -> Iterator[FakeReceiver]:
    """A receiver that takes deliveries signed with SECRET."""
    with FakeReceiver() as receiver:
        yield receiver

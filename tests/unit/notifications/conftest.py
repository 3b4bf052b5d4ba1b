"""Fixtures of the unit tests of notifications."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.smtp import FakeSmtp
from tests.unit.notifications.sending import Bench, server_at


@pytest.fixture
def bench(tmp_path: Path, smtp: FakeSmtp) -> Iterator[Bench]:
    """A spool between a sender and that server."""
    with Bench(tmp_path, server_at(smtp.port)) as bench:
        yield bench


@pytest.fixture
def smtp() -> Iterator[FakeSmtp]:
    """An SMTP server."""
    with FakeSmtp() as server:
        yield server

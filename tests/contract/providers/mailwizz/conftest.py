"""Fixtures of the contract tests of MailWizz."""

from collections.abc import Iterator

import pytest

from tests.contract.providers.mailwizz.examples import NEWS
from tests.fakes.mailwizz import FakeMailWizz
from tests.fakes.mailwizz_wire import CAMPAIGN, Connect, connecting


@pytest.fixture
def connect(server: FakeMailWizz) -> Iterator[Connect]:
    """Builds adapters for the server; keyword arguments are settings."""
    with connecting(server) as build:
        yield build


@pytest.fixture
def server() -> Iterator[FakeMailWizz]:
    """An installation of MailWizz 2.x."""
    with FakeMailWizz() as fake:
        yield fake


@pytest.fixture
def campaign(server: FakeMailWizz) -> None:
    """A campaign that the installation sent to the list of news."""
    server.campaign(CAMPAIGN, NEWS)

"""The spool of the contract tests: a second store is one more word in `params`."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bouncehandler.spool import Spool
from tests.contract.spool import examples

OpenSpool = Callable[..., Spool]


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest) -> str:
    """The kind of the store."""
    return str(request.param)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The place of the spool, for another process."""
    return tmp_path / "spool.db"


@pytest.fixture
def open_spool(store: str, place: Path) -> Iterator[OpenSpool]:
    """A function that opens the same spool any number of times, by the test's clock."""
    opened: list[Spool] = []

    def open_one(**options: object) -> Spool:
        opened.append(examples.open_spool(store, place, **options))
        return opened[-1]

    yield open_one
    for spool in opened:
        spool.close()


@pytest.fixture
def spool(open_spool: OpenSpool) -> Spool:
    """An empty spool."""
    return open_spool()

"""Calls: how many HTTP requests an address costs at each kind of provider, counted there, through the dispatcher."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.benchmarks.measurement import Bar, Effort, Measurement
from tests.benchmarks.program import SECRET, configure, dispatch, suppressions
from tests.fakes.interspire import FakeInterspire
from tests.fakes.mailwizz import FakeMailWizz
from tests.fakes.webhook import FakeReceiver


class _Size(NamedTuple):
    addresses: int
    lists: tuple[int, ...]


_SIZES = {
    Effort.QUICK: _Size(10, (3,)),
    Effort.USUAL: _Size(200, (1, 3, 60)),
    Effort.FULL: _Size(200, (1, 3, 60)),
}
_MAILWIZZ_CALLS = 2.0
_BATCH = 10


def measure(effort: Effort, folder: Path) -> Iterator[Measurement]:
    """Each adapter, and the old handler's number of calls for comparison."""
    size = _SIZES[effort]
    for lists in size.lists:
        reading = _mailwizz(folder, size.addresses, lists)
        bar = Bar(_MAILWIZZ_CALLS, is_floor=False)
        what = f"MailWizz, on {lists} list{'s'[: lists - 1]}"
        yield Measurement(what, [reading], "calls an address", bar, f"the old handler {1 + 2 * lists}")
    yield Measurement(
        "MailWizz, unknown there", [_mailwizz(folder, size.addresses, 0)], "calls an address", _at_most(1)
    )
    for lists in size.lists:
        reading = _interspire(folder, size.addresses, lists)
        what = f"Interspire, on {lists} list{'s'[: lists - 1]}"
        yield Measurement(what, [reading], "calls an address", _at_most(1 + lists), f"the old handler {1 + lists}")
    for batch_size in (1, _BATCH):
        reading = _webhook(folder, size.addresses, batch_size)
        what = f"webhook, batch_size {batch_size}"
        yield Measurement(what, [reading], "calls an address", _at_most(1 / batch_size))


def _at_most(calls: float) -> Bar:
    return Bar(calls, is_floor=False)


def _mailwizz(folder: Path, addresses: int, lists: int) -> float:
    with FakeMailWizz() as server:
        for suppression in suppressions(addresses):
            for number in range(lists):
                server.subscribe(suppression.recipient, f"list{number:09}")
        return _calls(
            folder, addresses, lambda: len(server.calls()), type="mailwizz", url=server.api_url, api_key=server.api_key
        )


def _interspire(folder: Path, addresses: int, lists: int) -> float:
    """Without `GetLists`, which is asked once in ten minutes whatever the number of addresses."""
    with FakeInterspire() as server:
        server.lists = {str(number): f"List {number}" for number in range(1, lists + 1)}
        for suppression in suppressions(addresses):
            server.subscribe(suppression.recipient, *server.lists)
        settings = {"type": "interspire", "username": server.username, "token": server.token}
        return _calls(
            folder, addresses, lambda: len(server.calls()) - server.asked["GetLists"], url=server.endpoint, **settings
        )


def _webhook(folder: Path, addresses: int, batch_size: int) -> float:
    with FakeReceiver(SECRET) as server:
        return _calls(
            folder,
            addresses,
            lambda: len(server.calls()),
            type="webhook",
            url=server.hook,
            secret=SECRET,
            batch_size=batch_size,
        )


def _calls(folder: Path, addresses: int, count: Callable[[], int], **provider: object) -> float:
    """Dispatch so many addresses; returns the calls that each cost, `count` of them in all."""
    with TemporaryDirectory(dir=folder) as name:
        dispatch(configure(Path(name), **provider), suppressions(addresses))
    return count() / addresses

"""Dispatching: the dispatcher with the webhook adapter, against bare threads of httpx that make the same calls."""

import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from typing import NamedTuple

import httpx

from bouncehandler.suppression import Suppression
from providers.webhook import Webhook
from tests.benchmarks.measurement import Bar, Effort, Measurement, alternate, per_second, ratios
from tests.benchmarks.program import SECRET, configure, dispatch, suppressions
from tests.benchmarks.responder import Responder


class _Cell(NamedTuple):
    """One combination of latency and calls in flight."""

    latency: float
    """Milliseconds."""
    in_flight: int


class _Size(NamedTuple):
    seconds: float
    """How long a round of a cell takes, roughly."""
    rounds: int
    cells: Sequence[_Cell]


_ALL = [_Cell(*cell) for cell in product((0, 20, 100), (1, 8, 32, 128))]
_BAR = {_Cell(20, 32): Bar(0.85, is_floor=True)}
_SIZES = {
    Effort.QUICK: _Size(0.1, 1, [_Cell(0, 8), _Cell(20, 32)]),
    Effort.USUAL: _Size(2.0, 5, _ALL),
    Effort.FULL: _Size(10.0, 7, _ALL),
}
_FASTEST = 1000.0
"""Calls a second that two cores reach at no latency, roughly: only decides how many calls are made."""


def measure(effort: Effort, folder: Path) -> Iterator[Measurement]:
    """Every combination of latency and calls in flight."""
    size = _SIZES[effort]
    with Responder() as responder:
        for cell in size.cells:
            yield from _compare(cell, size, responder, folder)


def _compare(cell: _Cell, size: _Size, responder: Responder, folder: Path) -> Iterator[Measurement]:
    seconds_each = max(cell.latency / 1000 / cell.in_flight, 1 / _FASTEST)
    work = suppressions(max(2 * cell.in_flight, int(size.seconds / seconds_each)))
    url = responder.url(cell.latency)
    before = responder.count()
    ours, bare = alternate(
        size.rounds,
        partial(_dispatcher, folder, url, cell.in_flight, work),
        partial(_threads, url, cell.in_flight, _posts(work)),
    )
    calls = responder.count() - before
    if calls != 2 * size.rounds * len(work):
        raise RuntimeError(f"{calls} calls were made, not {2 * size.rounds * len(work)}")
    what = f"{cell.latency:g} ms, {cell.in_flight} in flight"
    speeds = f"{per_second(len(work), ours)}; bare threads {per_second(len(work), bare)}"
    yield Measurement(what, ratios(bare, ours), "of bare httpx threads", _BAR.get(cell), speeds)
    if cell.latency:
        ideal = len(work) * cell.latency / 1000 / cell.in_flight
        share = [ideal / seconds for seconds in bare]
        speeds = f"bare threads {sorted(share)[len(share) // 2]:.2f}"
        yield Measurement(what, [ideal / seconds for seconds in ours], "of concurrency / latency", None, speeds)


def _dispatcher(folder: Path, url: str, in_flight: int, work: Sequence[Suppression]) -> float:
    with TemporaryDirectory(dir=folder) as name:
        config = configure(Path(name), type="webhook", url=url, secret=SECRET, concurrency=in_flight)
        return dispatch(config, work)


def _posts(work: Sequence[Suppression]) -> list[httpx.Request]:
    """Requests of the adapter, recorded."""
    sent: list[httpx.Request] = []

    def take_down(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    settings = Webhook.Settings.model_validate({"url": "http://127.0.0.1/", "secret": SECRET})
    with httpx.Client(transport=httpx.MockTransport(take_down)) as client:
        adapter = Webhook(settings, client)
        for suppression in work:
            adapter.unsubscribe(suppression)
    return sent


def _threads(url: str, in_flight: int, posts: Sequence[httpx.Request]) -> float:
    """Seconds for the yardstick: threads with a client each that do nothing but POST, made ready beforehand."""
    left: SimpleQueue[tuple[bytes, dict[str, str]]] = SimpleQueue()
    for post in posts:
        left.put((post.content, {name: value for name, value in post.headers.items() if name.startswith("webhook-")}))
    context = httpx.create_ssl_context()
    clients = [httpx.Client(verify=context, trust_env=False, timeout=30) for _ in range(in_flight)]
    threads = [threading.Thread(target=_post_all, args=(client, url, left)) for client in clients]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    for client in clients:
        client.close()
    return seconds


def _post_all(client: httpx.Client, url: str, left: SimpleQueue[tuple[bytes, dict[str, str]]]) -> None:
    try:
        while True:
            body, headers = left.get_nowait()
            client.post(url, content=body, headers={"Content-Type": "application/json", **headers})
    except Empty:
        return

"""Every kind of provider failure, at one of each type at a time, beside a healthy one that must not be delayed.

A failure lasts until every affected provider has met it; then the provider works again, and everything must be
done. The healthy provider's last delivery is timed from the moment when rows are written, with and without failures.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import NamedTuple

from tests.acceptance.faults.neighbours import TROUBLED, Neighbours
from tests.acceptance.faults.one_hour_outage import unavailable_for_an_hour
from tests.acceptance.faults.table import Fault, Line, Scale
from tests.acceptance.harness import Running
from tests.acceptance.transient_failures import InjectedFailure
from tests.fakes.raw import RawServer
from tests.fakes.server import Answer, FakeServer, Request

_SOON: Mapping[str, Mapping[str, object]] = {
    "dispatch": {"schedule": ["200ms"] * 200, "probe_every": "200ms", "lease": "2s", "patience": "0s"}
}
"""Tries again soon and often."""
_PATIENT: Mapping[str, Mapping[str, object]] = {"dispatch": {"schedule": ["1s"] * 100, "lease": "2s"}}
"""Tries again, but not before the program that is misled has ended."""
_NOWHERE = "http://lists.invalid/api"
"""RFC 6761 6.4: there is no such name."""
_LATER = 5.0
"""Seconds: by more than this the healthy provider must not be later than without failures, which last longer."""
_ASKED = 1.0
"""Seconds of peace that a busy provider asks for."""
_PROBES = 3
"""So often a provider is tried in vain before it is back."""
_WAITS = 75
_MB = 1_000_000
_LONG = 200 * _MB
_RECEIVED = 16 * _MB
"""Bytes of one long answer that may be taken: 4 MiB, and what lies in the buffers of both ends."""
_PAGE = b"<!DOCTYPE html><html><body><h1>Just a moment...</h1></body></html>"
_HALF = Answer(body=b'{"status": "succ', headers={"Content-Length": "1000"}, is_cut=True)
_NEVER = Answer(delay=24 * 3600)
_DRIP = Answer(headers={"Content-Length": "1000"}, rest=lambda: iter([b" "] * 1000), apart=1.0)


class Kind(NamedTuple):
    """A kind of failure."""

    answer: Callable[[], Answer] | None
    """What is answered instead; None: connections are refused."""
    names: Sequence[str] = TROUBLED
    """The affected providers."""
    asked: float = 0.0
    """Seconds for which the providers ask to be left in peace."""


class _OtherServer(FakeServer):
    """A server at another address, which must not be called."""

    def respond(self, request: Request) -> Answer:  # noqa: ARG002  # as `FakeServer` wants it
        return Answer()


class _HugeAnswer:
    """An answer of 200 MB, and how much of it was taken."""

    def __init__(self) -> None:
        self.most = 0

    def __call__(self) -> Answer:
        return Answer(headers={"Content-Length": str(_LONG)}, rest=self._blocks)

    def _blocks(self) -> Iterator[bytes]:
        for sent in range(0, _LONG, _MB):
            self.most = max(self.most, sent)
            yield bytes(_MB)


def _busy_until() -> Answer:
    at = datetime.now(UTC) + timedelta(seconds=1 + _ASKED)  # its fraction of a second is lost
    return Answer(429, headers={"Retry-After": format_datetime(at, usegmt=True)})


def _connections(folder: Path, scale: Scale) -> Line:
    """Refuse connections, break off in the middle of an answer, never answer, answer a byte a second."""
    return _in_turn(folder, scale, [Kind(None), Kind(lambda: _HALF), Kind(lambda: _NEVER), Kind(lambda: _DRIP)])


def _answers(folder: Path, scale: Scale) -> Line:
    """Answer what is no answer, too much, or a redirect to another server; the last must see nothing."""
    long = _HugeAnswer()
    with _OtherServer() as stranger:
        elsewhere = Answer(307, headers={"Location": f"{stranger.url}/hooks/email"})
        kinds = [
            Kind(lambda: Answer(429, headers={"Retry-After": f"{_ASKED:.0f}"}), asked=_ASKED),
            Kind(_busy_until, asked=_ASKED),
            Kind(long),
            Kind(lambda: Answer(200, _PAGE), ("news", "shop")),  # to a webhook any 2xx means taken
            Kind(lambda: Answer(410)),
            Kind(lambda: elsewhere),
        ]
        line = _in_turn(folder, scale, kinds)
        followed = len(stranger.requests)
    return line._replace(wrong=line.wrong + followed + (long.most > _RECEIVED))


def _in_turn(folder: Path, scale: Scale, kinds: Sequence[Kind]) -> Line:
    """Make the providers fail, each in another way: every kind once; at length every kind at each, often."""
    turns = range(0, len(kinds), len(TROUBLED)) if not scale.is_long else [*range(len(kinds))] * 5
    count, wrong, tries, latest = scale.of(12, 40), 0, 0, -_LATER
    with Neighbours(folder, _SOON) as site, site.program.start() as running:
        calm = _time_without_failure(site, running, count)
        for turn in turns:
            at = {name: kinds[(turn + place) % len(kinds)] for place, name in enumerate(TROUBLED)}
            meant = {name: kind for name, kind in at.items() if name in kind.names}
            later, too_much = _one(site, running, meant, count)
            wrong, tries, latest = wrong + too_much, tries + len(meant), max(latest, later - calm)
        return _end(site, running, tries, latest, wrong=wrong + scale.is_late(latest, _LATER))


def _time_without_failure(site: Neighbours, running: Running, count: int) -> float:
    """Seconds until the healthy provider has received so many, without failures."""
    site.serve(running, 1)  # the program has started
    site.await_done()
    seconds = site.serve(running, count)
    site.await_done()
    return seconds


def _one(site: Neighbours, running: Running, kinds: Mapping[str, Kind], count: int) -> tuple[float, int]:
    """One failure a provider: seconds until the healthy one has received all, and what is wrong."""
    failures = {name: InjectedFailure(kind.answer) for name, kind in kinds.items() if kind.answer}
    refusing = kinds.keys() - failures.keys()
    since, first = len(running.events), len(site.people)
    for name, failure in failures.items():
        site.servers[name].fail_when = failure
    for name in refusing:
        site.servers[name].refuse()
    later = site.serve(running, count)
    running.wait_until(lambda: site.are_troubled(running, kinds, since))
    wrong = site.taken(site.people[first:], kinds)
    asking = {name for name, kind in kinds.items() if kind.asked}
    running.wait_until(lambda: not site.are_called(asking))  # what was under way when a sibling was asked for time
    for failure in failures.values():
        failure.is_over = True
    for name in refusing:
        site.servers[name].listen_again()
    site.await_done()
    return later, wrong + sum(failure.wait < 0.9 * kinds[name].asked for name, failure in failures.items())


def _end(site: Neighbours, running: Running, tries: int, latest: float, *, wrong: int = 0) -> Line:
    """End the input, and return the result."""
    finished = running.finish()
    assert (finished.status, finished.sentences) == (0, []), finished.stderr[-2000:]
    found = site.compare()
    note = f"the healthy one's last delivery {latest:+.2f} s, against no failure"
    return Line(tries, len(site.people), found.lost, found.repeated, wrong + found.wrong, note=note)


def _wrong_url(folder: Path, scale: Scale) -> Line:
    """Give URLs with a name that no DNS knows, or where a server answers with an unsigned certificate.

    The latter must not get a word of HTTP. Then the URLs are right, as when an operator has corrected them.
    """
    count, tries, latest, wrong = scale.of(12, 40), scale.of(1, 12), -_LATER, 0
    received: list[bytes] = []
    with Neighbours(folder, _PATIENT) as site, ExitStack() as open_ones:
        fraud = open_ones.enter_context(RawServer(lambda connection: received.append(connection.recv(1)), tls=True))
        running = open_ones.enter_context(site.program.start())
        calm = _time_without_failure(site, running, count)
        for number in range(tries):
            assert running.finish().status == 0
            urls = (fraud.url, _NOWHERE, fraud.url, _NOWHERE)[number % 2 :]
            site.configure(dict(zip(TROUBLED, urls, strict=False)))
            with site.program.start() as misled:
                site.serve(misled, 1)  # the program has started
                latest = max(latest, site.serve(misled, count) - calm)
                misled.wait_until(lambda: site.are_troubled(misled, TROUBLED, 0))
                assert misled.finish().status == _WAITS
            wrong += site.taken(site.people[-count - 1 :], TROUBLED)
            site.configure({})
            running = open_ones.enter_context(site.program.start())
            site.serve(running, 1)
            site.await_done()
        assert fraud.opened, "no connection came"
        return _end(site, running, tries, latest, wrong=wrong + len(received) + scale.is_late(latest, _LATER))


def _revoked(folder: Path, scale: Scale) -> Line:
    """Revoke the credentials, let the providers be held and probed, restore them; no attempt may be spent by that."""
    count, tries, latest, wrong = scale.of(12, 40), scale.of(1, 20), -_LATER, 0
    with Neighbours(folder, _SOON, "60s") as site, site.program.start() as running:
        calm = _time_without_failure(site, running, count)
        first = len(site.people)
        for _ in range(tries):
            restore, since = site.revoke(), len(running.events)
            latest = max(latest, site.serve(running, count) - calm)
            running.wait_until(lambda: site.are_held(running, since))  # noqa: B023  # called at once
            asked = {server: len(server.requests) for server in site.servers.values()}
            running.wait_until(lambda: all(len(one.requests) >= few + _PROBES for one, few in asked.items()))  # noqa: B023  # as above
            wrong += site.taken(site.people[-count:], TROUBLED)
            restore()
            site.await_done()
        fates, refused = site.fates(), site.people[first:]
        spent = sum(fates[who, name].attempts != 1 for who in refused for name in TROUBLED)
        return _end(site, running, tries, latest, wrong=wrong + spent + scale.is_late(latest, _LATER))


FAULTS = (
    Fault("list managers refuse, break off in mid-answer, hang, send a byte a second", _connections),
    Fault("list managers answer 429 (both forms), HTML, 200 MB, 410, a redirect", _answers),
    Fault("list managers answer 503 for an hour", unavailable_for_an_hour),
    Fault("list managers with a bad certificate, with a name that DNS does not know", _wrong_url),
    Fault("credentials revoked and restored", _revoked),
)

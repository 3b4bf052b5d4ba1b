"""The machine's clock: set back, set forth, and at critical moments such as leap days and DST."""

import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

from tests.acceptance.faults.shifted_clock import ShiftedClock
from tests.acceptance.faults.table import Fault, Line, Scale
from tests.acceptance.harness import Program, Running, accounting, bounce
from tests.fakes.interspire import FakeInterspire
from tests.fakes.mailwizz import API_KEY, FakeMailWizz
from tests.fakes.server import Answer, Request, wait_until

_HOUR = 3600.0
_YEARS = 12 * 366 * 24 * _HOUR
"""As far as from a clock without a battery to the right time, or back from 2038."""
_KINDS = ("hangs", "again", "done")
"""Behaviour of the failing MailWizz, by the beginning of the recipient."""
_PATIENCE = 150.0
"""Seconds until whatever is not done counts as lost: it waits for the clock, for an hour at least."""
_SANE = 8.0
"""Seconds until everything should be done: a process that starts, its lease, a wait of the schedule, a probe."""
_ATTEMPTS = 60
"""Attempts that may be made of one dispatch; in a busy loop there would be thousands."""
_A_SECOND = 2
"""Attempts that the schedule makes in each second that a trouble lasts, for as long as a busy machine has it last."""
_IDLE = 0.6
"""The share of a processor that the program may use while it waits."""
_BEFORE = 0.7
"""Seconds before a moment, when rows are fed."""
_ZONE = "CET-1CEST,M3.5.0,M10.5.0/3"
"""Central European time, as POSIX writes it: no file is needed for it."""
_MOMENTS = (
    datetime(2028, 2, 29, tzinfo=UTC),  # the leap day begins
    datetime(2028, 3, 1, tzinfo=UTC),  # and ends
    datetime(2028, 3, 26, 1, tzinfo=UTC),  # 2 o'clock is 3 o'clock
    datetime(2028, 10, 29, 1, tzinfo=UTC),  # 3 o'clock is 2 o'clock
    datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),  # 2**31 seconds
)


class _ClockSite:
    """An installation with a clock that can be set, and list managers that can be made to fail or hang."""

    def __init__(self, folder: Path, open_ones: ExitStack, zone: str = "") -> None:
        self.clock, self.program = ShiftedClock(folder, zone), Program(folder)
        self.news, self.shop = open_ones.enter_context(FakeMailWizz()), open_ones.enter_context(FakeInterspire())
        self.news.fail_when = self._fail
        self.people: list[str] = []
        self.is_troubled = False
        self._troubled_at = self._longest = 0.0
        self._token = self.shop.token
        user = {"username": self.shop.username, "token": self._token}
        spool = {"url": f"sqlite:///{self.program.spool}", "keep_done": "forever"}  # years would be too old at once
        self.program.configure(
            {"spool": spool, "dispatch": {"schedule": ["500ms"] * 500, "probe_every": "500ms", "lease": "1s"}},
            news={"type": "mailwizz", "url": self.news.api_url, "api_key": API_KEY, "timeout": "600ms"},
            shop={"type": "interspire", "url": self.shop.endpoint, **user},
        )

    def start(self, *args: str) -> Running:
        """Start the program by this clock."""
        return self.program.start(*args, environ=self.clock.environ)

    def wait_in_trouble(self, running: Running, each: int, *, is_first: bool, hangs: bool = True) -> None:
        """Make both list managers fail, feed rows, and return when dispatches of all kinds wait.

        Args:
            hangs: whether calls are under way; their end makes the program look at the spool in any case.
        """
        self.is_troubled, self.shop.token, self._troubled_at = True, "another", time.monotonic()
        running.write(self._rows(each, _KINDS if hangs else _KINDS[1:], is_first=is_first))
        running.wait_until(lambda: self._waits(hangs=hangs))

    def calm(self) -> None:
        """End it."""
        self.is_troubled, self.shop.token = False, self._token

    def await_done(self) -> float:
        """Wait until all is done, or can't be hoped for; seconds that it took."""
        began = time.monotonic()
        wait_until(lambda: not self.undone or time.monotonic() > began + _PATIENCE, 2 * _PATIENCE)
        self._longest = max(self._longest, time.monotonic() - self._troubled_at)
        return time.monotonic() - began

    @property
    def undone(self) -> int:
        """How many dispatches are not done, or are not what they are recorded as."""
        missing = 2 * len(self.people) - int(self._ask("SELECT count(*) FROM dispatch WHERE state = 'done'")[0][0])
        if missing:
            return missing
        on = sum("confirmed" in self.news.status_of(who).values() for who in self.people)
        return on + sum("active" in self.shop.status_of(who).values() for who in self.people)

    def is_restless(self) -> bool:
        """Whether more attempts were made of a dispatch than the schedule allows for the time that it waited."""
        most = int(self._ask("SELECT max(attempts) FROM dispatch")[0][0])
        return most > max(_ATTEMPTS, _A_SECOND * self._longest)

    def attempts(self) -> list[float]:
        """When each attempt began, in the order in which they were written down."""
        return [float(at) for (at,) in self._ask("SELECT started_at FROM attempt ORDER BY started_at")]

    def repeated(self) -> int:
        """Calls made once more than needed."""
        calls = Counter(call.form["EMAIL"] for call in self.news.calls("PUT", "unsubscribe-by-email"))
        return sum(count - 1 for count in calls.values())

    def _rows(self, each: int, kinds: Sequence[str], *, is_first: bool) -> bytes:
        first = len(self.people)
        people = [f"{kind}{first + number}@example.net" for kind in kinds for number in range(each)]
        for subject in people:
            self.news.subscribe(subject, "lista")
            self.shop.subscribe(subject, "1")
        self.people += people
        return accounting(map(bounce, people), has_header=is_first)

    def _waits(self, *, hangs: bool) -> bool:
        """Whether there are claims and retries at the one, or retries alone, and a hold at the other."""
        found = self._ask(
            """SELECT count(*) FILTER (WHERE provider = 'news' AND state = 'claimed'),
                      count(*) FILTER (WHERE provider = 'news' AND state = 'pending' AND retry_index),
                      EXISTS (SELECT 1 FROM provider WHERE name = 'shop' AND held)
               FROM dispatch"""
        )
        return bool(found and bool(found[0][0]) is hangs and all(found[0][1:]))

    def _ask(self, sql: str) -> list[tuple[float, ...]]:
        """The answer; empty as long as there is no spool."""
        try:
            with closing(sqlite3.connect(f"{self.program.spool.as_uri()}?mode=ro", uri=True, timeout=30)) as raw:
                return raw.execute(sql).fetchall()
        except sqlite3.OperationalError:
            return []

    def _fail(self, request: Request) -> Answer | None:
        if not self.is_troubled or "email" not in request.target.lower():
            return None
        if "hangs" in request.target:
            return Answer(delay=24 * _HOUR)
        return Answer(503) if "again" in request.target else None


def _steps(folder: Path, scale: Scale) -> Line:
    """Set the clock while retries, a hold, claims and untried entries wait: without a process, and at work.

    The claims are those of a process that was killed, and of calls that hang.
    """
    far = [-_HOUR, *([_HOUR, -_YEARS, _YEARS] * 3 if scale.is_long else [])]
    each, slowest, busiest, lost = scale.of(3, 10), 0.0, 0.0, 0
    with ExitStack() as open_ones:
        site = _ClockSite(folder, open_ones)
        for seconds in far:
            with site.start() as killed:
                site.wait_in_trouble(killed, each, is_first=True)
                killed.process.kill()
                killed.process.wait()
            site.clock.step(seconds)
            site.calm()
            with site.start() as running:
                slowest = max(slowest, site.await_done())
                lost += site.undone
                began, used = time.monotonic(), running.processor_seconds
                for step in (seconds, -2 * seconds):
                    site.wait_in_trouble(running, each, is_first=step == seconds, hangs=step != seconds)
                    site.clock.step(step)
                    site.calm()
                    slowest = max(slowest, site.await_done())
                    lost += site.undone
                busiest = max(busiest, (running.processor_seconds - used) / (time.monotonic() - began))
                running.signal(signal.SIGTERM)
                running.wait()
        wrong = scale.is_late(slowest, _SANE) + (busiest > _IDLE) + site.is_restless()
        note = f"all done {slowest:.1f} s after a step at most"
        return Line(3 * len(far), len(site.people), lost, site.repeated(), wrong, note=note)


def _moments(folder: Path, scale: Scale) -> Line:
    """Let the clock go through moments that programs trip over, while retries and a hold wait, in a zone with DST."""
    moments = _MOMENTS if scale.is_long else (_MOMENTS[0], _MOMENTS[-1])
    each, slowest, wrong = scale.of(3, 20), 0.0, 0
    with ExitStack() as open_ones:
        site = _ClockSite(folder, open_ones, _ZONE)
        with site.start() as running:
            for number, moment in enumerate(moments):
                began = moment.timestamp() - _BEFORE
                site.clock.step(began - site.clock.now)
                first = site.attempts()
                site.wait_in_trouble(running, each, is_first=not number)
                wait_until(lambda: site.clock.now > moment.timestamp())  # noqa: B023  # called at once
                site.calm()
                slowest = max(slowest, site.await_done())
                wrong += sum(not began <= at <= site.clock.now for at in site.attempts()[len(first) :])
            finished = running.finish()
        status = site.start("status", "--json").finish()
        assert (finished.status, status.status) == (0, 0), finished.stderr[-2000:] + status.stderr
        wrong += scale.is_late(slowest, _SANE) + site.is_restless()
        note = f"all done {slowest:.1f} s after at most"
        return Line(len(moments), len(site.people), site.undone, site.repeated(), wrong, note=note)


FAULTS = (
    Fault("the clock set back and forth, by an hour and by years", _steps),
    Fault("DST, a leap day, the year 2038", _moments),
)

"""List managers that answer 503 for an hour, on a clock that is set forth a minute at a time."""

import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from tests.acceptance.faults.shifted_clock import ShiftedClock
from tests.acceptance.faults.table import Line, Scale
from tests.acceptance.harness import Program, Running, accounting, bounce
from tests.fakes.interspire import FakeInterspire
from tests.fakes.mailwizz import API_KEY, FakeMailWizz
from tests.fakes.server import Answer

_MINUTE, _HOUR = 60.0, 60
_LISTS = ("lista", "listb")
_AGAIN = 8 * _HOUR
"""Minutes after which everything has to be done: the schedule's waits are 1m, 5m, 30m, 2h, 5h."""
_CALLS = 60
"""Calls in the hour that are no burden: the 20 in a row that hold a provider, what is then in flight, 12 probes."""
_LATER = 1.0
"""Seconds; see `providers`."""


class _Outage:
    """An installation with the schedule that it has by default.

    No webhook: its signature holds the time, and a receiver refuses what comes from another hour.
    """

    def __init__(self, folder: Path, servers: ExitStack) -> None:
        self.clock, self.program = ShiftedClock(folder), Program(folder)
        self.news, self.shop, self.well = FakeMailWizz(), FakeInterspire(), FakeMailWizz()
        for server in (self.news, self.shop, self.well):
            servers.enter_context(server)
        self.people = 0
        mailwizz = {"type": "mailwizz", "api_key": API_KEY}
        user = {"username": self.shop.username, "token": self.shop.token}
        self.program.configure(
            news={**mailwizz, "url": self.news.api_url},
            shop={"type": "interspire", "url": self.shop.endpoint, **user},
            well={**mailwizz, "url": self.well.api_url},
        )

    def minute(self, running: Running) -> float:
        """A minute later one row more comes; seconds until the healthy one has been called."""
        self.clock.step(_MINUTE)
        subject = f"h{self.people}@example.net"
        for name in _LISTS:
            self.news.subscribe(subject, name)
            self.well.subscribe(subject, name)
        self.shop.subscribe(subject, "1")
        data = accounting([bounce(subject)], has_header=not self.people)
        self.people += 1
        began = time.monotonic()
        running.write(data)
        running.wait_until(lambda: "confirmed" not in self.well.status_of(subject).values())
        return time.monotonic() - began

    def left(self, minutes: int = 0) -> int:
        """How often a person is still on the lists of a list manager, of those who came before the last minutes."""
        people = [f"h{number}@example.net" for number in range(self.people - minutes)]
        left = sum("confirmed" in server.status_of(who).values() for server in (self.news, self.well) for who in people)
        return left + sum("active" in self.shop.status_of(who).values() for who in people)


def unavailable_for_an_hour(folder: Path, scale: Scale) -> Line:
    """A row a minute comes before, in, and after the hour, until all of before and of the hour are done."""
    with ExitStack() as servers:
        outage = _Outage(folder, servers)
        with outage.program.start(environ=outage.clock.environ) as running:
            outage.minute(running)  # the program has started
            calm = max(outage.minute(running) for _ in range(scale.of(5, 60)))
            before = {server: len(server.requests) for server in (outage.news, outage.shop)}
            outage.news.always = outage.shop.always = Answer(503, b"<html>Service Unavailable</html>")
            latest = max(outage.minute(running) for _ in range(_HOUR))
            calls = max(len(server.requests) - already for server, already in before.items())
            outage.news.always = outage.shop.always = None
            minutes = 0
            while outage.left(minutes) and minutes < _AGAIN:
                latest, minutes = max(latest, outage.minute(running)), minutes + 1
            running.wait_until(lambda: not outage.left())
            finished = running.finish()
    lost = outage.left() + sum(one["waiting"] + one["dead"] for one in finished.finished["providers"].values())
    written = Counter(call.form["EMAIL"] for call in outage.news.calls("PUT", "unsubscribe-by-email"))
    note = f"{calls} calls in the hour, all done {minutes} min later; the healthy one's {latest - calm:+.2f} s"
    wrong = (calls > _CALLS) + (minutes >= _AGAIN) + scale.is_late(latest - calm, _LATER)
    return Line(1, outage.people, lost, sum(count - 1 for count in written.values()), wrong, note=note)

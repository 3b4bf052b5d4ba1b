"""An installation with a provider of each type that can be made to fail, and a healthy webhook beside them."""

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple, Self

from tests.acceptance.faults.ledger import Balance, balance
from tests.acceptance.harness import Program, Row, Running, accounting, bounce
from tests.fakes.interspire import FakeInterspire
from tests.fakes.mailwizz import API_KEY, FakeMailWizz
from tests.fakes.server import FakeServer, wait_until
from tests.fakes.webhook import SECRET, FakeReceiver

TROUBLED = ("news", "shop", "crm")
"""A MailWizz, an Interspire, a webhook; the healthy one is `well`."""
_LISTS, _LIST = ("lista", "listb"), "1"
_BYSTANDER = "bystander@example.net"
"""Subscribed everywhere, and never fed."""
_PATIENCE = 150.0
"""Seconds until everything has to be done."""
_ANOTHER = "whsec_" + "QUJD" * 8
_TROUBLES = frozenset({"failed_will_retry", "provider_held", "provider_paused"})


class Fate(NamedTuple):
    """A row of the table `dispatch`."""

    state: str
    attempts: int


class Neighbours:
    """The installation; leaving the `with` block closes its providers.

    Args:
        tables: of the configuration.
        timeout: of the providers that can be brought into trouble.
    """

    def __init__(self, folder: Path, tables: Mapping[str, Mapping[str, object]], timeout: str = "300ms") -> None:
        self.program = Program(folder)
        self.mailwizz, self.interspire = FakeMailWizz(), FakeInterspire()
        self.crm, self.well = FakeReceiver(), FakeReceiver()
        self.servers: dict[str, FakeServer] = {"news": self.mailwizz, "shop": self.interspire, "crm": self.crm}
        self.people: list[str] = []
        """Recipients that were fed, all of which must be suppressed."""
        self._tables, self._timeout = tables, timeout
        self._served: Running | None = None
        self._subscribe(_BYSTANDER)
        self.configure({})

    def configure(self, urls: Mapping[str, str]) -> None:
        """Write the configuration anew: these providers are configured as reachable, the others where they are."""
        news, shop = self.mailwizz.api_url, self.interspire.endpoint
        user = {"username": self.interspire.username, "token": self.interspire.token}
        providers: dict[str, dict[str, object]] = {
            "news": {"type": "mailwizz", "url": news, "api_key": API_KEY, "timeout": self._timeout},
            "shop": {"type": "interspire", "url": shop, **user, "timeout": self._timeout},
            "crm": {"type": "webhook", "url": self.crm.hook, "secret": SECRET, "timeout": self._timeout},
            "well": {"type": "webhook", "url": self.well.hook, "secret": SECRET},
        }
        for name, url in urls.items():
            providers[name]["url"] = url
        self.program.configure({"log": {"addresses": "plain"}, **self._tables}, **providers)

    def rows(self, count: int) -> list[Row]:
        """Rows of so many further recipients, each on lists of both list managers."""
        people = [f"n{number}@example.net" for number in range(len(self.people), len(self.people) + count)]
        for subject in people:
            self._subscribe(subject)
        self.people += people
        return [bounce(subject) for subject in people]

    def serve(self, running: Running, count: int) -> float:
        """Feed so many people more; seconds until the healthy one has received all."""
        data = accounting(self.rows(count), has_header=running is not self._served)
        self._served = running
        began = time.monotonic()
        running.write(data)
        running.wait_until(lambda: len(self.well.events) >= len(self.people))
        return time.monotonic() - began

    def are_done(self) -> bool:
        """Whether every dispatch is settled, by the spool."""
        return Counter(fate.state for fate in self.fates().values())["done"] == 4 * len(self.people)

    def await_done(self) -> None:
        """Wait until every dispatch is settled, or so long that the rest must count as lost."""
        deadline = time.monotonic() + _PATIENCE
        wait_until(lambda: self.are_done() or time.monotonic() > deadline, 2 * _PATIENCE)

    def fates(self) -> dict[tuple[str, str], Fate]:
        """Every dispatch, by recipient and provider."""
        sql = """SELECT s.recipient, d.provider, d.state, d.attempts
                 FROM dispatch AS d JOIN suppression AS s ON s.id = d.suppression"""
        with closing(sqlite3.connect(f"{self.program.spool.as_uri()}?mode=ro", uri=True, timeout=30)) as raw:
            return {(subject, name): Fate(*rest) for subject, name, *rest in raw.execute(sql)}

    def are_troubled(self, running: Running, names: Collection[str], since: int) -> bool:
        """Whether the log reports it of all these providers, after so many events."""
        return {e["provider"] for e in running.events[since:] if e["event"] in _TROUBLES} >= set(names)

    def are_called(self, names: Collection[str]) -> bool:
        """Whether any of these providers has a call under way."""
        return any(name in names and fate.state == "claimed" for (_, name), fate in self.fates().items())

    def are_held(self, running: Running, since: int) -> bool:
        """Whether all three are, by the log, after so many events."""
        return {e["provider"] for e in running.events[since:] if e["event"] == "provider_held"} >= set(TROUBLED)

    def revoke(self) -> Callable[[], None]:
        """Have all three refuse the credentials; what it returns, restores them."""
        before = self.mailwizz.api_key, self.interspire.token, self.crm.secrets

        def restore() -> None:
            self.mailwizz.api_key, self.interspire.token, self.crm.secrets = before

        self.mailwizz.api_key, self.interspire.token, self.crm.secrets = "another", "another", [_ANOTHER]
        return restore

    def taken(self, people: Iterable[str], names: Collection[str]) -> int:
        """How many of these recipients are off the lists at these providers, or recorded so."""
        fates = self.fates()
        return sum(self._is_off(who, name) or fates[who, name].state == "done" for who in people for name in names)

    def compare(self) -> Balance:
        """Hold what the providers and the spool ended up with against what they should have."""
        fates, names = self.fates(), (*TROUBLED, "well")
        done = {key for key, fate in fates.items() if fate.state == "done"}
        off = {(who, name) for who in self.people for name in names if self._is_off(who, name)}
        delivered = [balance(receiver, self.people) for receiver in (self.crm, self.well)]
        wrong = len(fates.keys() - {(who, name) for who in self.people for name in names})
        wrong += len(done - off) + self._is_off(_BYSTANDER, "news") + self._is_off(_BYSTANDER, "shop")
        calls = Counter(call.form["EMAIL"] for call in self.mailwizz.calls("PUT", "unsubscribe-by-email"))
        return Balance(
            lost=4 * len(self.people) - len(done & off),
            repeated=sum(one.repeated for one in delivered) + sum(count - 1 for count in calls.values()),
            wrong=wrong + sum(one.wrong for one in delivered),
        )

    def __enter__(self) -> Self:
        self._open = ExitStack()
        for server in (*self.servers.values(), self.well):
            self._open.enter_context(server)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _subscribe(self, subject: str) -> None:
        for name in _LISTS:
            self.mailwizz.subscribe(subject, name)
        self.interspire.subscribe(subject, _LIST)

    def _is_off(self, subject: str, name: str) -> bool:
        match name:
            case "news":
                return "confirmed" not in self.mailwizz.status_of(subject).values()
            case "shop":
                return "active" not in self.interspire.status_of(subject).values()
        return subject in (self.crm if name == "crm" else self.well).recipients

"""An installation with a webhook and a MailWizz, rows and mails for it, and what must have come of them at both."""

import json
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import accumulate
from pathlib import Path
from typing import Self

from tests.acceptance.faults.ledger import Balance, balance
from tests.acceptance.faults.spool_observer import Content
from tests.acceptance.harness import MODULE, Finished, Program, Row, accounting, bounce
from tests.acceptance.unsubscribing import BY_SIGNATURE
from tests.fakes.mailwizz import API_KEY, FakeMailWizz
from tests.fakes.server import Request, wait_until
from tests.fakes.webhook import SECRET, FakeReceiver

HEADER = accounting([])
"""The line that PowerMTA writes first into every pipe and file."""

_SHOP, _OTHERS = "news@shop.example", "news@lists.example"
_LISTS = ("lista", "listb")
_EVERYBODY = frozenset({"crm", "news"})
_PATIENCE = 300.0
"""Seconds until all that was recorded has to be done."""
_WAITS = 75


class Scene:
    """The installation; leaving the `with` block closes its providers.

    The webhook `crm` gets every recipient, the MailWizz `news` only those of one sender. Some are on two of its
    lists, some on none; some bounces are no fault of the recipient's, and must change nothing.
    """

    def __init__(self, folder: Path, program: Sequence[str] = MODULE) -> None:
        self.program = Program(folder, program)
        self.receiver, self.mailwizz = FakeReceiver(), FakeMailWizz()
        self.maildrop = self.program.spool.with_suffix(".maildrop")
        """Where mails lie until they are taken in."""
        self.file = HEADER
        """The operator's recovery file: all rows so far, whatever process was to read them."""
        self.expected: dict[str, frozenset[str]] = {}
        """Recipients that must be suppressed, by their providers."""
        self._people = 0
        self.program.configure(
            {"dispatch": {"lease": "2s"}, "log": {"addresses": "plain"}},
            crm={"type": "webhook", "url": self.receiver.hook, "secret": SECRET, "concurrency": 4},
            news={"type": "mailwizz", "url": self.mailwizz.api_url, "api_key": API_KEY, "originators": [_SHOP]},
        )
        with self.program.config.open("a", encoding="utf-8") as file:
            file.write(BY_SIGNATURE)

    def bounces(self, count: int, **cells: str) -> list[Row]:
        """Rows of so many further recipients; `cells` as for `bounce`."""
        rows = [self._bounce(number, cells) for number in range(self._people, self._people + count)]
        self._people += count
        self.file += accounting(rows, has_header=False)
        return rows

    def requester(self) -> str:
        """One more person, who asks to be taken off by mail; a request concerns every provider."""
        recipient = self._person(self._people)
        self._people += 1
        self.expected[recipient] = _EVERYBODY
        return recipient

    def has_any(self, rows: Iterable[Row]) -> bool:
        """Whether anything of these rows is in the spool, as far as can be seen without touching it."""
        query = "SELECT 1 FROM suppression WHERE recipient = ?"
        try:
            with closing(sqlite3.connect(f"file:{self.program.spool}?mode=ro", uri=True)) as spool:
                return any(spool.execute(query, [row["rcpt"]]).fetchone() for row in rows)
        except sqlite3.OperationalError:  # not made yet
            return False

    def missing(self, rows: Iterable[Row], content: Content) -> int:
        """How many of the rows that suppress have not come into the spool."""
        return len({row["rcpt"] for row in rows} & self.expected.keys() - set(content.recipients.values()))

    def recover(self) -> Finished:
        """Feed the recovery file, as documented; it may be that something waits for a claim to run out."""
        finished = self.program.feed(self.file)
        assert_calm(finished, may_wait=True)
        return finished

    def settle(self) -> None:
        """Have `work` carry out all that waits, if anything does."""
        if not self._waiting():
            return
        with self.program.start("work") as running:
            running.wait_for("started")
            wait_until(lambda: running.process.poll() is not None or not self._waiting(), _PATIENCE)
            running.signal(signal.SIGTERM)
            assert_calm(running.wait())

    def compare(self) -> Balance:
        """Hold what the providers and the spool ended up with against what they should have."""
        delivered = balance(self.receiver, [one for one, providers in self.expected.items() if "crm" in providers])
        ids = Balance(0, 0, self._webhook_ids_too_many())
        return Balance(*map(sum, zip(delivered, ids, self._compare_spool(), self._compare_lists(), strict=True)))

    def __enter__(self) -> Self:
        self._open = ExitStack()
        self._open.enter_context(self.receiver)
        self._open.enter_context(self.mailwizz)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _bounce(self, number: int, cells: dict[str, str]) -> Row:
        recipient, is_shops = self._person(number), number % 4 == 0
        words = {"orig": _SHOP if is_shops else _OTHERS, "jobId": f"job{number % 3}", **cells}
        if number % 7 == 3:  # some cells hold quotes, commas and line ends
            words.setdefault("dsnDiag", 'smtp;550 5.1.1 "unknown",\r\nsaid the server')
        if number % 10 == 8:  # some rows suppress no person
            return bounce(recipient, "policy-related", **words)
        self.expected[recipient] = _EVERYBODY if is_shops else frozenset({"crm"})
        return bounce(recipient, **words)

    def _person(self, number: int) -> str:
        recipient = f"person{number}@example.net"
        if number % 8 == 0:
            for name in _LISTS:
                self.mailwizz.subscribe(recipient, name)
        return recipient

    def _waiting(self) -> int:
        with closing(sqlite3.connect(self.program.spool, timeout=30)) as spool:
            query = "SELECT count(*) FROM dispatch WHERE state NOT IN ('done', 'dead')"
            return int(spool.execute(query).fetchone()[0]) + len(list(self.maildrop.glob("*.message")))

    def _compare_spool(self) -> Balance:
        """Compare the spool: each recipient once, for its providers, done, and with a true outcome."""
        content = Content.of(self.program.spool)
        times = Counter(content.recipients.values())
        lost = len(self.expected.keys() - times.keys())
        wrong = sum(count - (one in self.expected) for one, count in times.items())
        fates = {(content.recipients[one.suppression], one.provider): one for one in content.dispatches.values()}
        for recipient, providers in self.expected.items():
            lost += sum((recipient, name) not in fates for name in providers)
        for (recipient, name), fate in fates.items():
            lost += fate.state != "done"
            wrong += name not in self.expected.get(recipient, ())
            wrong += fate.state == "done" and not self._is_true(recipient, name, fate.outcome, fate.lists)
        return Balance(lost, 0, wrong + len(list(self.maildrop.glob("*.damaged"))))

    def _webhook_ids_too_many(self) -> int:
        """How many deliveries came again under another webhook-id: new ones, to the receiver."""
        calls = _whole(self.receiver.calls("POST"))
        ids = {(call.headers["webhook-id"], json.loads(call.body)["data"]["recipient"]) for call in calls}
        return len(ids) - len({recipient for _, recipient in ids})

    def _is_true(self, recipient: str, name: str, outcome: str, lists: str) -> bool:
        if name == "crm":
            return outcome == "unsubscribed"
        if not self.mailwizz.status_of(recipient):
            return outcome == "unknown"
        return outcome == "already" or (outcome == "unsubscribed" and sorted(json.loads(lists)) == list(_LISTS))

    def _compare_lists(self) -> Balance:
        """Compare the lists: each suppressed recipient is off all of them, every other one still on them."""
        off = {one for one, providers in self.expected.items() if "news" in providers}
        lost = wrong = 0
        for row in self.mailwizz.subscribers:
            lost += row.email in off and row.status != "unsubscribed"
            wrong += row.email not in off and row.status != "confirmed"
        calls = Counter(call.form["EMAIL"] for call in _whole(self.mailwizz.calls("PUT", "unsubscribe-by-email")))
        return Balance(lost, sum(count - 1 for count in calls.values()), wrong)


def _whole(calls: Iterable[Request]) -> list[Request]:
    """Without those that a kill cut short: the server made nothing of them."""
    return [call for call in calls if len(call.body) == int(call.headers["content-length"])]


def within(rows: Iterable[Row], size: int) -> Iterator[Row]:
    """The rows that lie whole within the first so many bytes, which the line of names precedes."""
    listed = list(rows)
    ends = accumulate((len(accounting([row], has_header=False)) for row in listed), initial=len(HEADER))
    next(ends)
    return (row for row, end in zip(listed, ends, strict=True) if end <= size)


def assert_calm(finished: Finished, *, may_wait: bool = False) -> None:
    """It ended well: without an error, and without a message, unless that something waits, or wasn't read."""
    errors = [event for event in finished.events if event["level"] == "error" and event["event"] != "failed"]
    assert not errors, errors
    if may_wait and finished.status == _WAITS:
        (sentence,) = finished.sentences
        assert " wait" in sentence or "feed it again" in sentence, sentence
        return
    assert (finished.status, finished.sentences) == (0, []), finished.stderr[-2000:]

"""Notification worker: digests, single mails, retries; no notice is lost or sent twice."""

import tracemalloc
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from bouncehandler.notifications.message import MailEnvelope
from bouncehandler.spool import QueuedSuppression
from tests.contract.spool.examples import dead, put, suppression, take
from tests.fakes.server import PATIENCE, wait_until
from tests.fakes.smtp import FakeSmtp
from tests.unit.notifications.examples import NOW, TO
from tests.unit.notifications.sending import Bench, counted, server_at


class TestDigests:
    """`every` seconds."""

    def test_the_first_after_silence_at_once(self, bench: Bench, smtp: FakeSmtp) -> None:
        """The first notice is sent at once, to all recipients, from the sender."""
        bench.start()
        bench.enqueue_notice()
        wait_until(lambda: len(smtp.taken) == 1)
        assert smtp.taken[0].recipients == TO
        assert smtp.taken[0].sender == "bh@example.com"
        assert smtp.subjects == ["bouncehandler: 1 complaint (u***@example.com)"]

    def test_what_comes_at_once_is_one_mail(self, bench: Bench, smtp: FakeSmtp) -> None:
        """The first notice waits a moment for others; then they go together."""
        bench.start(linger=1.0)
        bench.enqueue_notice()
        wait_until(lambda: bench.spool.put_off == 1)
        bench.clock.now += 0.9
        bench.enqueue_notice()
        bench.clock.now += 0.2
        bench.wait_until_empty()
        assert counted(smtp) == [2]

    def test_then_a_digest(self, bench: Bench, smtp: FakeSmtp) -> None:
        """After a mail nothing is sent for `every` seconds; then one mail has all notices since."""
        bench.enqueue_notice()
        bench.pass_once()
        bench.enqueue_notice(7)
        bench.clock.now += 899
        bench.pass_once()
        assert counted(smtp) == [1]
        bench.clock.now += 1
        bench.pass_once()
        assert counted(smtp) == [1, 7]

    def test_many(self, bench: Bench, smtp: FakeSmtp) -> None:
        """5,000 complaints within a minute are two mails at most, and their counts add up."""
        bench.start(linger=1.0)
        for first in range(0, 5000, 100):
            bench.complain(first, 100)
            bench.clock.now += 1.2
        wait_until(lambda: bench.spool.status().notices < 5000)
        bench.clock.now = NOW + 901.2 + 60
        bench.wait_until_empty()
        assert len(smtp.taken) <= 2
        assert sum(counted(smtp)) == 5000

    def test_every_kind(self, bench: Bench, smtp: FakeSmtp) -> None:
        """All kinds of notices are in one digest."""
        bench.spool.record([QueuedSuppression(suppression("a@b.example", reason=r), ()) for r in ("complaint",)])
        bench.spool.record([QueuedSuppression(suppression("c@d.example", reason="unsubscribe"), ())])
        bench.spool.hold("news", "HTTP 401", probe_in=0)
        bench.spool.release("news")
        put(bench.spool, suppression("dead@example.com"))
        bench.spool.settle([dead(one, "400 no such list") for one in take(bench.spool)])
        bench.spool.enqueue_notice("unreadable", {"rows": "123", "of": "4,567", "reasons": "torn 123"})
        bench.pass_once()
        (taken,) = smtp.taken
        assert taken.subject == (
            "bouncehandler: 1 complaint, 1 unsubscribe request, 1 provider held, 1 provider back, 1 dead letter, "
            "1 unreadable input"
        )
        for line in (
            "1. news is held",
            "   Reason: HTTP 401",
            "1. news is back",
            "1. d***@example.com at news",
            "   Answer: 400 no such list",
            "1. 123 of 4,567 rows can't be read",
        ):
            assert line in taken.text().splitlines()

    def test_a_reading_that_takes_long(self, bench: Bench, smtp: FakeSmtp) -> None:
        """Notices that can't be read while the claim lasts go into another mail at once: each is sent once."""
        seconds = count(0, 50)
        bench.complain(0, 3000)
        bench.start(monotonic=lambda: next(seconds))
        bench.wait_until_empty()
        assert len(smtp.taken) > 1
        assert sum(counted(smtp)) == 3000

    def test_a_long_queue(self, bench: Bench, smtp: FakeSmtp) -> None:
        """30,000 queued notices are one mail, made in flat memory."""
        for first in range(0, 30_000, 2000):
            bench.complain(first, 2000)
        tracemalloc.start()
        bench.pass_once()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert counted(smtp) == [30_000]
        assert bench.spool.status().notices == 0
        assert peak < 5_000_000


class TestSingleMails:
    """`every = 0`."""

    @pytest.fixture
    def bench(self, tmp_path: Path, smtp: FakeSmtp) -> Iterator[Bench]:
        """A mail for each notice."""
        with Bench(tmp_path, server_at(smtp.port), every=0) as bench:
            yield bench

    def test_in_order_on_one_connection(self, bench: Bench, smtp: FakeSmtp) -> None:
        """Each notice is a mail of its own, in the order in which they came, all on one connection."""
        for number in range(20):
            bench.spool.enqueue_notice("held", {"provider": f"p{number}"})
        bench.pass_once()
        assert smtp.subjects == [f"bouncehandler: 1 provider held (p{n} is held)" for n in range(20)]
        assert {taken.connection for taken in smtp.taken} == {1}
        assert len({taken.mail["Message-ID"] for taken in smtp.taken}) == 20

    def test_a_server_that_takes_few_on_a_connection(self, bench: Bench, smtp: FakeSmtp) -> None:
        """A server that hangs up after some mails gets the others on further connections, at once, each once."""
        smtp.most_per_connection = 3
        for number in range(10):
            bench.spool.enqueue_notice("held", {"provider": f"p{number}"})
        bench.pass_once()
        assert smtp.subjects == [f"bouncehandler: 1 provider held (p{n} is held)" for n in range(10)]
        assert not bench.log.reasons()

    def test_a_queue_that_outlasts_the_claim(self, bench: Bench, smtp: FakeSmtp) -> None:
        """A claim is given back before it expires, and made again: no other worker sends the same notices."""
        seconds = count(0, 50)
        for number in range(30):
            bench.spool.enqueue_notice("held", {"provider": f"p{number}"})
        bench.start(monotonic=lambda: next(seconds))
        bench.wait_until_empty()
        assert bench.spool.put_off > 0
        assert smtp.subjects == [f"bouncehandler: 1 provider held (p{n} is held)" for n in range(30)]

    def test_a_failure_in_the_middle(self, bench: Bench, smtp: FakeSmtp) -> None:
        """Accepted mails are not sent again after a failure."""
        for number in range(5):
            bench.spool.enqueue_notice("held", {"provider": f"p{number}"})
        bench.start()
        wait_until(lambda: len(smtp.taken) == 5)
        smtp.answers["DATA"] = "451 later"
        bench.spool.enqueue_notice("held", {"provider": "p5"})
        wait_until(lambda: bool(bench.log.reasons()))
        del smtp.answers["DATA"]
        bench.wait_until_empty()
        assert smtp.subjects == [f"bouncehandler: 1 provider held (p{n} is held)" for n in range(6)]


class TestFailures:
    """Failures of the SMTP server and of the spool."""

    def test_growing_waits(self, bench: Bench, smtp: FakeSmtp) -> None:
        """Tries are one minute apart at first, fifteen at last; a success begins anew."""
        smtp.answers["MAIL"] = "451 later"
        bench.enqueue_notice()
        bench.start()
        wait_until(lambda: len(bench.spool.waits) >= 7)
        del smtp.answers["MAIL"]
        bench.wait_until_empty()
        wait_until(lambda: bench.log.count("notices_recovered") == 1)
        assert bench.spool.waits[:7] == [60, 120, 240, 480, 900, 900, 900]
        seen = len(bench.spool.waits)
        smtp.answers["MAIL"] = "451 later"
        bench.clock.now += 900
        bench.enqueue_notice()
        wait_until(lambda: len(bench.spool.waits) > seen)
        assert bench.spool.waits[seen] == 60

    def test_logged_once(self, bench: Bench, smtp: FakeSmtp) -> None:
        """A failure is logged when it begins, when it changes, and when it is over, not at each attempt."""
        smtp.answers["MAIL"] = "451 4.3.0 queue file 8F3A2"
        bench.enqueue_notice()
        bench.start()
        wait_until(lambda: len(bench.spool.waits) >= 3)
        assert len(bench.log.reasons()) == 1
        smtp.answers["MAIL"] = "452 4.3.1 disk full"
        wait_until(lambda: len(bench.log.reasons()) == 2)
        del smtp.answers["MAIL"]
        wait_until(lambda: bench.log.count("notices_recovered") == 1)
        assert counted(smtp) == [1]
        assert "8F3A2" in bench.log.reasons()[0]
        assert "452 4.3.1 disk full" in bench.log.reasons()[1]

    def test_what_comes_meanwhile(self, bench: Bench, smtp: FakeSmtp) -> None:
        """While the server is down notices accumulate; when it is back, one mail has them all."""
        smtp.answers["MAIL"] = "451 later"
        bench.enqueue_notice(3)
        bench.pass_once()
        bench.enqueue_notice(4)
        smtp.answers.clear()
        bench.clock.now += 900
        bench.pass_once()
        assert counted(smtp) == [7]

    def test_another_process_keeps_the_wait(self, bench: Bench, smtp: FakeSmtp) -> None:
        """The wait after a failure holds for every process, and for the next one."""
        smtp.answers["MAIL"] = "451 later"
        bench.enqueue_notice()
        bench.pass_once()
        bench.clock.now = NOW + 59
        tries = smtp.tries
        bench.pass_once()
        assert smtp.tries == tries

    def test_some_recipients_refused(self, bench: Bench, smtp: FakeSmtp) -> None:
        """A refused recipient keeps the mail from no other one, and is logged once, until that changes."""
        smtp.refuses["ops@example.com"] = "550 5.1.1 no such user"
        for _ in range(2):
            bench.enqueue_notice()
            bench.pass_once()
            bench.clock.now += 900
        assert [taken.recipients for taken in smtp.taken] == [("postmaster@example.com",)] * 2
        sender = bench.start()
        bench.enqueue_notice()
        bench.wait_until_empty()
        bench.clock.now += 900
        bench.enqueue_notice()
        bench.wait_until_empty()
        sender.stop(PATIENCE)
        reasons = bench.log.reasons("recipients_refused")
        assert len(reasons) == 3, "one of each sender"
        assert "ops@example.com: 550 5.1.1 no such user" in reasons[0]
        assert "postmaster" not in reasons[0]

    def test_accepted_and_answer_lost(self, bench: Bench, smtp: FakeSmtp) -> None:
        """A mail is sent again with the same Message-ID if the answer to it got lost."""
        smtp.accepts_then_cuts = True
        bench.enqueue_notice(3)
        bench.start()
        wait_until(lambda: len(smtp.taken) >= 2)
        smtp.accepts_then_cuts = False
        bench.wait_until_empty()
        assert len({taken.mail["Message-ID"] for taken in smtp.taken}) == 1
        assert set(counted(smtp)) == {3}

    def test_a_bug(self, bench: Bench, smtp: FakeSmtp) -> None:
        """An unexpected error is logged, and the mail retried; it ends neither the thread nor the process."""

        def fail() -> str:
            raise RuntimeError("unexpected")

        bench.enqueue_notice()
        bench.start(envelope=MailEnvelope(TO, None, fail))
        wait_until(lambda: len(bench.spool.waits) >= 2)
        assert bench.log.reasons() == [
            (
                "the notices can't be sent, which is a bug (RuntimeError): please report it; "
                "they stay queued, and are retried"
            )
        ]
        assert not bench.failures
        assert bench.spool.status().notices == 1
        assert not smtp.taken

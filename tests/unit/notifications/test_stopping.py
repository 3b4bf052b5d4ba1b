"""End of the notification worker: on request, with a failing spool, and beside other workers of the spool."""

import math
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from bouncehandler.spool import NoticeBatch, SpoolError
from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.fakes.server import PATIENCE, wait_until
from tests.fakes.smtp import FakeSmtp
from tests.unit.notifications.examples import NOW
from tests.unit.notifications.sending import Bench, Clock, WatchedSpool, counted, server_at


class Failing(SqliteSpool):
    """A spool that fails when a mail is settled."""

    def settle_notices(self, batch: NoticeBatch, *, through: int) -> None:
        """Fail."""
        raise SpoolError(f"the disk failed: {through} {batch.claim}")


def test_a_spool_that_fails(bench: Bench, smtp: FakeSmtp, tmp_path: Path) -> None:
    """A failing spool ends the worker, and notifies its owner; the mail, sent again later, is the same one."""
    failing = Failing.open(tmp_path / "spool.db", clock=bench.clock)
    bench.enqueue_notice(2)
    sender = bench.start(spool=failing)
    wait_until(lambda: bench.failures == ["failed"])
    with pytest.raises(SpoolError, match="the disk failed"):
        sender.stop(PATIENCE)
    failing.close()
    bench.clock.now += 3600
    bench.pass_once()
    assert len(smtp.taken) == 2
    assert len({taken.mail["Message-ID"] for taken in smtp.taken}) == 1


class TestStop:
    """`stop`."""

    def test_sends_what_is_due(self, bench: Bench, smtp: FakeSmtp) -> None:
        """At the end the due notices are sent at once, without waiting for others; the rest stays."""
        sender = bench.start(linger=1000.0)
        bench.enqueue_notice(2)
        sender.stop(PATIENCE)
        assert counted(smtp) == [2]
        bench.enqueue_notice(3)
        bench.pass_once()
        assert counted(smtp) == [2]
        assert bench.spool.status().notices == 3

    @pytest.mark.parametrize("stage", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA"])
    def test_a_server_that_hangs(
        self, bench: Bench, smtp: FakeSmtp, stage: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A server that stops answering delays the end by the limit at most; the notices stay queued."""
        waited: list[float] = []
        join = threading.Thread.join

        def watched(thread: threading.Thread, timeout: float | None = None) -> None:
            waited.append(math.inf if timeout is None else timeout)
            join(thread, timeout)

        smtp.hangs_at = stage  # type: ignore[assignment]  # one of them
        bench.enqueue_notice(2)
        sender = bench.start()
        wait_until(lambda: smtp.connections == 1)
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "join", watched)
            sender.stop(0.5)
        assert sum(waited) == pytest.approx(0.5)
        wait_until(lambda: bool(bench.log.reasons()))
        assert bench.spool.status().notices == 2
        assert not smtp.taken

    def test_more_than_time_allows(self, tmp_path: Path, smtp: FakeSmtp) -> None:
        """The sent part of a queue that is too long for the time is settled, and the rest stays."""
        with Bench(tmp_path, server_at(smtp.port), every=0) as bench:
            bench.enqueue_notice(3000)
            sender = bench.start()
            wait_until(lambda: len(smtp.taken) > 3)
            sender.stop(0.2)
            wait_until(lambda: bench.spool.status().notices < 3000)
            assert bench.spool.status().notices > 0
            assert not bench.log.reasons()

    def test_before_anything_happened(self, bench: Bench, smtp: FakeSmtp) -> None:
        """Without a failure the callback is not called."""
        bench.pass_once()
        assert smtp.connections == 0


@pytest.mark.parametrize("every", [0.0, 900.0])
def test_two_processes(tmp_path: Path, smtp: FakeSmtp, every: float) -> None:
    """Several processes on one spool send each notice once."""
    with Bench(tmp_path, server_at(smtp.port), every=every) as bench:
        bench.enqueue_notice(60)
        with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
            list(pool.map(send_all, [str(tmp_path)] * 3, [smtp.port] * 3, [every] * 3))
        assert bench.spool.status().notices == 0
    assert sum(counted(smtp)) == 60
    assert len(smtp.taken) == (1 if every else 60)
    assert len({taken.mail["Message-ID"] for taken in smtp.taken}) == len(smtp.taken)


def send_all(folder: str, port: int, every: float) -> None:
    """Send until nothing is queued, as another process."""
    with Bench(Path(folder), server_at(port), every=every, clock=Clock(NOW)) as bench:
        assert isinstance(bench.spool, WatchedSpool)
        bench.start()
        bench.wait_until_empty()

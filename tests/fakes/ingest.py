"""Fake sinks of the ingest pipeline, which keep, block or fail as their fields state, and short ways to make rows."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

from bouncehandler.accounting import open_reader
from bouncehandler.ingest.pipeline import IngestOptions, IngestPipeline
from bouncehandler.ingest.ports import IngestContext, SuppressionSink
from bouncehandler.ingest.suppression_builder import SuppressionBuilder, Tokens
from bouncehandler.policy import Policy
from bouncehandler.routing import Routes
from bouncehandler.spool import QueuedSuppression, Recorded, SoftBounceEntry, SpoolError
from tests.fakes.adapter import KeptLog
from tests.fakes.server import PATIENCE

HEADER = b"type,timeLogged,timeQueued,orig,rcpt,bounceCat,dsnStatus,dsnDiag,jobId\n"


def bounce(number: int = 0, category: str = "bad-mailbox", originator: str = "news@example.com") -> bytes:
    """A row under HEADER; each number has its own recipient."""
    at = "2026-06-01 12:30:00+0000"
    return f"b,{at},{at},{originator},user{number}@example.com,{category},5.1.1 (no),smtp;550 no,june\n".encode()


class FakeSuppressionSink:
    """Takes suppressions as a spool does."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        """The recipients of each commit."""
        self.entries: list[QueuedSuppression] = []
        self.fails: SpoolError | None = None
        """What a commit raises."""
        self.open = threading.Event()
        """While it is not set, commits take their time."""
        self.open.set()
        self.is_busy = threading.Event()
        """Set while a commit is under way."""
        self.soft_bounces: list[SoftBounceEntry] = []
        self.deliveries: dict[str, int] = {}
        self.notices: list[tuple[str, dict[str, str]]] = []
        self._seen: set[str] = set()

    @property
    def recipients(self) -> list[str]:
        """All recipients that were committed."""
        return [recipient for batch in self.batches for recipient in batch]

    def record(self, batch: Sequence[QueuedSuppression]) -> Recorded:  # the spool's signature
        """Keep a batch."""
        self.is_busy.set()
        assert self.open.wait(2 * PATIENCE), "the commit was never let go on"
        self.is_busy.clear()
        if self.fails:
            raise self.fails
        self.batches.append([one.suppression.recipient for one in batch])
        self.entries += batch
        new = {one.suppression.id for one in batch} - self._seen
        self._seen |= new
        return Recorded(new=len(new), duplicates=len(batch) - len(new))

    def count(self, batch: Sequence[SoftBounceEntry]) -> Recorded:
        """Keep soft bounces; none is ever enough."""
        self.soft_bounces += batch
        return Recorded(new=0, duplicates=0)

    def record_deliveries(self, deliveries: Mapping[str, int]) -> None:
        """Keep deliveries."""
        self.deliveries |= deliveries

    def enqueue_notice(self, kind: str, about: Mapping[str, str]) -> None:
        """Keep a notice."""
        self.notices.append((kind, dict(about)))


class FakeRejectSink:
    """Takes rows that can't be read."""

    def __init__(self) -> None:
        self.rows: list[bytes] = []
        self.fails: SpoolError | None = None

    def keep(self, rows: Iterable[bytes]) -> None:
        """Keep them."""
        if self.fails:
            raise self.fails
        self.rows += rows


class PipelineOnFakes:
    """An ingest pipeline on top of fakes."""

    def __init__(  # noqa: PLR0913  # one per option of the pipeline
        self,
        *,
        routes: dict[str, list[str]] | None = None,
        types: dict[str, str] | None = None,
        tokens: Tokens = lambda _: None,
        policy: Policy | None = None,
        batch_rows: int = 1000,
        logs_rows: bool = False,
        sink: SuppressionSink | None = None,
        on_commit: Callable[[], None] | None = None,
    ) -> None:
        self.spool, self.rejected, self.log = FakeSuppressionSink(), FakeRejectSink(), KeptLog()
        self.commits = 0
        """Number of commits that added something to the spool."""
        self.pipeline = IngestPipeline(
            open_reader(takes_deliveries=(policy or Policy()).counts),
            IngestContext(
                policy=policy or Policy(),
                builder=SuppressionBuilder(Routes({"news": []} if routes is None else routes, types), tokens),
                spool=sink or self.spool,
                log=self.log,
                clock=lambda: 1_767_225_600.0,
                on_commit=on_commit or self._count_commit,
            ),
            self.rejected,
            IngestOptions(batch_rows=batch_rows, logs_rows=logs_rows),
        )

    def _count_commit(self) -> None:
        self.commits += 1

    def reads(self, *blocks: bytes) -> None:
        """Feed a whole input."""
        for block in blocks:
            self.pipeline.feed(block)
        self.pipeline.close()

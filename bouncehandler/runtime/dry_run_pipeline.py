"""Ingest pipeline of a dry run: decides as a run does, and also notes the decisions that suppress nothing."""

import time
from typing import TYPE_CHECKING

from bouncehandler.ingest.pipeline import IngestOptions, IngestPipeline
from bouncehandler.ingest.ports import IngestContext, IngestLog
from bouncehandler.policy import Policy, Suppress, Verdict
from bouncehandler.record import Bounce, Complaint, ListedAddress, ListUnsubscribe
from bouncehandler.record.bounce_batch import BounceBatch
from bouncehandler.runtime.build_pipeline import build_policy, build_reader, build_suppression_builder

if TYPE_CHECKING:
    from bouncehandler.runtime.dry_run import DryRun
    from bouncehandler.settings.model import Settings

_GROUP = 1000
"""Decisions that are compared together at most, beside those of the block read last."""


class DryRunPipeline(IngestPipeline):
    """Ingest pipeline that has each group of decisions compared once it is in the scratch spool."""

    def __init__(self, settings: "Settings", sink: "DryRun", log: IngestLog) -> None:
        policy = build_policy(settings)
        self._sink, self._noting = sink, _NotingPolicy(policy, sink)
        super().__init__(
            build_reader(settings, takes_deliveries=policy.counts),
            IngestContext(
                policy=self._noting,  # type: ignore[arg-type]  # delegates what it does not define
                builder=build_suppression_builder(settings),
                spool=sink,
                log=log,
                clock=time.time,
            ),
            sink,
            IngestOptions(
                batch_rows=settings.spool.batch_rows,
                logs_rows=True,  # else the reader only counts what is ignored
            ),
        )

    @property
    def is_waiting_to_commit(self) -> bool:
        """Whether anything read is neither in the scratch spool nor compared yet."""
        return super().is_waiting_to_commit or self._noting.count > 0

    def feed(self, block: bytes) -> None:
        """Read a block and decide; commit and compare full groups."""
        super().feed(block)
        if self._noting.count >= _GROUP:
            self.commit()

    def commit(self) -> None:
        """Commit to the scratch spool, and compare."""
        super().commit()
        self._noting.count = 0
        self._sink.compare()


class _NotingPolicy:
    """Policy that notes each decision that suppresses nothing."""

    def __init__(self, policy: Policy, sink: "DryRun") -> None:
        self._policy, self._sink = policy, sink
        self.count = 0
        """Decisions noted since the last commit."""

    def __getattr__(self, name: str) -> object:
        return getattr(self._policy, name)

    def decide(self, record: Complaint | ListUnsubscribe | ListedAddress) -> Verdict:
        verdict = self._policy.decide(record)
        if isinstance(record, Complaint):
            self._note(record, verdict)
        return verdict

    def decide_batch(self, bounces: BounceBatch) -> list[Verdict]:
        verdicts = self._policy.decide_batch(bounces)
        for bounce, verdict in zip(bounces, verdicts, strict=True):
            self._note(bounce, verdict)
        return verdicts

    def _note(self, record: Bounce | Complaint, verdict: Verdict) -> None:
        if not isinstance(verdict, Suppress):
            self.count += 1
            self._sink.note(record, verdict)

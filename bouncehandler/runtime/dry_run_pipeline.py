"""What reads for a shadow: it decides as a run does, and notes what suppresses nobody."""

import time
from typing import TYPE_CHECKING

from bouncehandler.accounting import open_reader
from bouncehandler.cli.session import Session
from bouncehandler.ingest import IngestContext, IngestOptions, IngestPipeline
from bouncehandler.ingest.ports import IngestLog
from bouncehandler.policy import Policy, Suppress, Verdict
from bouncehandler.record import Bounce, Complaint, ListedAddress, ListUnsubscribe
from bouncehandler.record.bounce_batch import BounceBatch
from bouncehandler.runtime.build_pipeline import build_policy, build_suppression_builder

if TYPE_CHECKING:
    from bouncehandler.runtime.dry_run import DryRun


class DryRunPipeline(IngestPipeline):
    """Decides as a run does, and has each group compared as soon as it is in the scratch spool."""

    def __init__(self, dry_run: "DryRun", session: Session, log: IngestLog) -> None:
        self._shadow, settings = dry_run, session.settings
        policy = build_policy(settings)
        context = IngestContext(
            policy=_Noting(policy, dry_run),  # type: ignore[arg-type]  # it is one, and notes
            builder=build_suppression_builder(settings),
            spool=dry_run,
            log=log,
            clock=time.time,
        )
        super().__init__(
            open_reader({"b": settings.columns.b, "f": settings.columns.f}, takes_deliveries=policy.counts),
            context,
            dry_run,
            IngestOptions(batch_rows=settings.spool.batch_rows, logs_rows=True),  # else ignored rows are only counted
        )

    @property
    def is_waiting_to_commit(self) -> bool:
        """As `IngestPipeline` has it, or to be compared."""
        return super().is_waiting_to_commit or self._shadow.is_waiting

    def feed(self, block: bytes) -> None:
        """As `IngestPipeline` does; what fills the shadow is compared."""
        super().feed(block)
        if self._shadow.is_full:
            self.commit()

    def commit(self) -> None:
        """As `IngestPipeline` does, and compare."""
        super().commit()
        self._shadow.compare()


class _Noting:
    """A policy that also notes what it decides on each record."""

    def __init__(self, policy: Policy, dry_run: "DryRun") -> None:
        self._policy, self._shadow = policy, dry_run

    def __getattr__(self, name: str) -> object:
        return getattr(self._policy, name)

    def decide(self, record: Complaint | ListUnsubscribe | ListedAddress) -> Verdict:
        """As the policy does."""
        verdict = self._policy.decide(record)
        if isinstance(record, Complaint):
            self._note(record, verdict)
        return verdict

    def decide_batch(self, bounces: BounceBatch) -> list[Verdict]:
        """As the policy does."""
        verdicts = self._policy.decide_batch(bounces)
        for bounce, verdict in zip(bounces, verdicts, strict=True):
            self._note(bounce, verdict)
        return verdicts

    def _note(self, record: Bounce | Complaint, verdict: Verdict) -> None:
        if not isinstance(verdict, Suppress):
            self._shadow.note(record, verdict)

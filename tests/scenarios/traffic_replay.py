"""Plays traffic into a real spool, minute by minute of the records' time, and counts what was held."""

from collections import Counter
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from bouncehandler.policy import Policy, Suppress
from bouncehandler.policy.classification import Rules
from bouncehandler.record import Address, Bounce, parse_status
from bouncehandler.settings.classification_rules import read_rules
from bouncehandler.spikes.detector import SpikeSettings
from bouncehandler.spikes.fingerprint import normalize_diagnostic
from bouncehandler.spikes.mailbox_providers import MailboxProviders
from bouncehandler.spool import BounceFingerprint, Completed, QueuedSuppression, Selection
from bouncehandler.spool.sqlite.store import SqliteSpool
from bouncehandler.suppression import Attempt, Outcome, Suppression
from tests.contract.spool.examples import CLOCK, at_time
from tests.scenarios.traffic import THIRD_WEEK, HardBounce, Traffic

_EVERY = 5
"""Minutes between two commits, outside the hours in which something is false."""


class ScenarioResult(NamedTuple):
    """Result of the third week."""

    false: int
    """False bounces, of mailboxes that exist."""
    held: int
    """Of these, those that were held."""
    true: int
    delayed: int
    """Of these, those that were held."""
    spikes: int
    by_rules: int
    """Of the false ones, those that the shipped rules keep from being suppressed at once, whatever is held."""
    suppressed: int
    """Of the false ones, those that neither a hold nor a rule kept from being suppressed."""

    @property
    def share(self) -> float:
        """The share of the false ones that was held; 1 where there are none."""
        return self.held / self.false if self.false else 1.0


def play(traffic: Traffic, folder: Path, grace: float = 0.0) -> ScenarioResult:
    """Record, and dispatch whatever is due, as the minutes pass."""
    mailbox_providers, policy, start = MailboxProviders(), _shipped(), traffic.start.timestamp()
    spool = SqliteSpool.open(folder / f"{grace:g}.db", spikes=SpikeSettings(), initial_delay=grace, clock=CLOCK)
    kinds: dict[str, bool] = {}
    unruled: set[str] = set()
    counts: Counter[str] = Counter()
    batch: list[QueuedSuppression] = []
    for minute, rows in enumerate(traffic.rows(), traffic.begins):
        for row in rows:
            at = datetime.fromtimestamp(start + row.at * 60, UTC)
            batch.append(_entry(row, at, mailbox_providers))
            if minute >= THIRD_WEEK:
                kinds[row.recipient] = row.is_false
                counts["false" if row.is_false else "true"] += 1
                if row.is_false and _suppresses(policy, row, at):
                    unruled.add(row.recipient)
        if batch and (minute % _EVERY == 0 or any(row.is_false for row in rows)):
            now = start + minute * 60 + 59
            at_time(spool, now).record(batch)
            batch = []
            _dispatch(spool, now)
    if batch:
        at_time(spool, start + traffic.ends * 60).record(batch)
    kept = {one.recipient for _, one in spool.on_hold(Selection())} & kinds.keys()
    held = Counter(kinds[recipient] for recipient in kept)
    noticed = len(spool.spikes(Selection()))
    spool.close()
    by_rules = counts["false"] - len(unruled)
    return ScenarioResult(
        counts["false"], held[True], counts["true"], held[False], noticed, by_rules, len(unruled - kept)
    )


def _entry(row: HardBounce, at: datetime, mailbox_providers: MailboxProviders) -> QueuedSuppression:
    digest = blake2b(row.recipient.encode(), digest_size=12).hexdigest()
    one = Suppression(digest, row.recipient, "bounce", status=row.status, diagnostic=row.diagnostic, occurred_at=at)
    fingerprint = BounceFingerprint(
        mailbox_providers.of(row.recipient, row.host), normalize_diagnostic(row.status, row.diagnostic)
    )
    return QueuedSuppression(one, ("news",), fingerprint=fingerprint)


def _dispatch(spool: SqliteSpool, now: float) -> None:
    claimed = at_time(spool, now).claim("news", 100_000, repeat_after=0, per_campaign=False, lease_for=60)
    at_time(spool, now).settle(
        [Completed(one, Attempt(now, 0.0, "unsubscribed", ""), Outcome("unsubscribed")) for one in claimed]
    )


def _shipped() -> Policy:
    rules = read_rules().rules
    return Policy(rules=lambda matters: Rules(rules, matters))


def _suppresses(policy: Policy, row: HardBounce, at: datetime) -> bool:
    bounce = Bounce("b", Address(row.recipient), at, category="bad-mailbox")
    notices = bounce._replace(status=parse_status(row.status), diagnostic=row.diagnostic, remote_mta=row.host)
    return isinstance(policy.decide(notices), Suppress)

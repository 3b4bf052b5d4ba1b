"""What a verdict to suppress makes of a record: the suppression, and the providers that it is owed to."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from bouncehandler.ingest.fingerprints import BounceFingerprinter
from bouncehandler.policy import Count, Suppress
from bouncehandler.record import Complaint, ListedAddress, ListUnsubscribe, Subscriber
from bouncehandler.record.bounce_batch import BounceBatch
from bouncehandler.routing import Routes
from bouncehandler.spool import QueuedSuppression, SoftBounceEntry
from bouncehandler.spool.queue_batch import QueueBatch
from bouncehandler.suppression import Suppression


class TokenHolder(NamedTuple):
    """Whom the token in a List-Unsubscribe address stands for: an address, or ids."""

    recipient: str = ""
    subscriber: Subscriber = Subscriber()
    provider: str = ""
    """Whose ids they are, where the configuration says so; else any provider of that type may know them."""


Tokens = Callable[[str], TokenHolder | None]
"""From a List-Unsubscribe address to whom it stands for; None where it holds no token."""


def no_tokens(_: str) -> None:
    """Where no List-Unsubscribe address means anything."""


class SuppressionBuilder:
    """Turns records that suppress into what is owed.

    Args:
        tokens: reads the List-Unsubscribe addresses of complained messages.
        sights: sees which records may be one of a spike; None: nothing is held.
    """

    def __init__(
        self, routes: Routes, tokens: Tokens = no_tokens, fingerprinter: BounceFingerprinter | None = None
    ) -> None:
        self.routes, self._tokens, self._sights = routes, tokens, fingerprinter

    def bounces(self, bounces: BounceBatch, verdicts: Sequence[Suppress]) -> QueueBatch[QueuedSuppression]:
        """Bounces are owed to the providers that want their originators."""
        nothing, nowhere = [()] * len(bounces), [None] * len(bounces)
        wanting = self.routes.match_batch(bounces.originators)
        sightings = self._sights.bounces(bounces) if self._sights else nowhere
        rules = [verdict.rule for verdict in verdicts]
        return QueueBatch(QueuedSuppression, (*_suppressions(bounces, rules), wanting, nothing, nothing, sightings))

    def counted(self, bounces: BounceBatch, verdicts: Sequence[Count]) -> QueueBatch[SoftBounceEntry]:
        """Soft bounces count for the providers that want their originators."""
        suppressions = _suppressions(bounces, [verdict.rule for verdict in verdicts])
        wanting = self.routes.match_batch(bounces.originators)
        enough = [verdict.threshold.suppress_after for verdict in verdicts]
        within = [verdict.threshold.within.total_seconds() for verdict in verdicts]
        return QueueBatch(SoftBounceEntry, (*suppressions, wanting, enough, within))

    def listed(self, listed: ListedAddress, verdict: Suppress, day: str) -> QueuedSuppression:
        """An address fed by hand on a day (ISO date) is owed to everybody."""
        fingerprint = self._sights.listed(listed) if self._sights else None
        suppression = Suppression(listed.id_on(day), listed.recipient, "list", verdict.rule)
        return QueuedSuppression(suppression, self.routes.all_providers, fingerprint=fingerprint)

    def complaint(self, complaint: Complaint, verdict: Suppress) -> QueuedSuppression | None:
        """A complaint is owed to everybody; None where it names nobody, not even in its List-Unsubscribe header."""
        holder = self._holder(complaint)
        if not (holder.recipient or holder.subscriber.name):
            return None
        knowing = self._knowing(holder, complaint.originator)
        known = holder.subscriber if knowing or not holder.recipient else Subscriber()
        suppression = Suppression(
            complaint.id,
            holder.recipient,
            "complaint",
            verdict.rule,
            "f",
            complaint.feedback_type,
            "",
            complaint.reporter,
            complaint.originator,
            complaint.job_id,
            complaint.logged_at,
            *known,
        )
        return QueuedSuppression(
            suppression, self.routes.all_providers, () if holder.recipient else knowing, complaint.headers
        )

    def request(self, request: ListUnsubscribe, verdict: Suppress) -> QueuedSuppression:
        """A List-Unsubscribe request is owed to everybody."""
        holder = TokenHolder(request.recipient, request.subscriber, request.provider)
        suppression = Suppression(
            request.id,
            holder.recipient,
            "unsubscribe",
            verdict.rule,
            diagnostic=f"mail from {request.sender}" if request.sender else "",
            occurred_at=request.received_at,
            **request.subscriber._asdict(),
        )
        knowing = () if holder.recipient else self._knowing(holder, "")
        return QueuedSuppression(suppression, self.routes.all_providers, knowing, request.headers)

    def _holder(self, complaint: Complaint) -> TokenHolder:
        """Whom a complaint is about: by address, by ids, by a token, or by the message's own To, in this order."""
        found = TokenHolder(complaint.recipient, complaint.subscriber)
        if found.subscriber.name and self._knowing(found, complaint.originator):
            return found
        for address in complaint.unsubscribe_to:
            if holder := self._tokens(address):
                return holder._replace(recipient=found.recipient or holder.recipient)
        return found._replace(recipient=found.recipient or complaint.written_to)

    def _knowing(self, holder: TokenHolder, originator: str) -> tuple[str, ...]:
        """The providers whose ids they are.

        A header does not say which of several; MailWizz's ids are random, but numbers are everybody's.
        """
        if holder.provider:
            return (holder.provider,)
        of_type = self.routes.of_type(holder.subscriber.list_manager)
        if len(of_type) <= 1 or not holder.subscriber.subscriber_id.isdigit():
            return of_type
        wanting = tuple(name for name in of_type if name in self.routes.of(originator))
        return wanting if len(wanting) == 1 else ()


def _suppressions(bounces: BounceBatch, rules: Sequence[str]) -> Sequence[Sequence[object]]:
    """What bounces say of their recipients, a column for each field of `Suppression`."""
    no_ids = ([""] * len(bounces),) * len(Subscriber._fields)
    why = ["bounce"] * len(bounces), rules, bounces.record_types, bounces.categories, bounces.codes
    evidence = bounces.diagnostics, bounces.originators, bounces.job_ids, bounces.occurred_at
    return (bounces.ids, bounces.recipients, *why, *evidence, *no_ids)

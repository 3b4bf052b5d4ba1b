"""Builds suppressions, and the list of their providers, from records and verdicts."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from bouncehandler.ingest.fingerprints import BounceFingerprinter
from bouncehandler.policy import Count, Suppress
from bouncehandler.record import Complaint, ListedAddress, ListUnsubscribe, Subscriber
from bouncehandler.record.bounce_batch import BounceBatch
from bouncehandler.record.column_batch import ColumnBatch
from bouncehandler.routing import Routes
from bouncehandler.spool import QueuedSuppression, SoftBounceEntry
from bouncehandler.spool.queue_batch import QueueBatch
from bouncehandler.suppression import Suppression


class TokenHolder(NamedTuple):
    """Holder of the token in a List-Unsubscribe address: an address, or ids."""

    recipient: str = ""
    subscriber: Subscriber = Subscriber()
    provider: str = ""
    """The provider that the ids belong to, where the configuration names it; else any provider of that type."""


Tokens = Callable[[str], TokenHolder | None]
"""Finds the holder of the token in a List-Unsubscribe address; None where it has no token."""


def no_tokens(_: str) -> None:
    """Find no token."""


class SuppressionBuilder:
    """Builds the queue entries of records that suppress.

    Args:
        tokens: reads the List-Unsubscribe addresses of complained messages.
        fingerprinter: computes the fingerprints for spike detection; None: no entry is held.
    """

    def __init__(
        self, routes: Routes, tokens: Tokens = no_tokens, fingerprinter: BounceFingerprinter | None = None
    ) -> None:
        self.routes, self._tokens, self._fingerprinter = routes, tokens, fingerprinter

    def bounces(self, bounces: BounceBatch, verdicts: Sequence[Suppress]) -> QueueBatch[QueuedSuppression]:
        """Entries of bounces, for the providers that their originators are routed to."""
        nothing, no_fingerprints = [()] * len(bounces), [None] * len(bounces)
        providers = self.routes.match_batch(bounces.originators)
        fingerprints = self._fingerprinter.bounces(bounces) if self._fingerprinter else no_fingerprints
        suppressions = _suppressions(bounces, [verdict.rule for verdict in verdicts])
        columns = (*suppressions.columns.values(), providers, nothing, nothing, fingerprints)
        return QueueBatch(QueuedSuppression, columns)

    def soft_bounces(self, bounces: BounceBatch, verdicts: Sequence[Count]) -> QueueBatch[SoftBounceEntry]:
        """Entries of soft bounces, for the providers that their originators are routed to."""
        suppressions = _suppressions(bounces, [verdict.rule for verdict in verdicts])
        providers = self.routes.match_batch(bounces.originators)
        suppress_after = [verdict.threshold.suppress_after for verdict in verdicts]
        within = [verdict.threshold.within.total_seconds() for verdict in verdicts]
        return QueueBatch(SoftBounceEntry, (*suppressions.columns.values(), providers, suppress_after, within))

    def listed(self, listed: ListedAddress, verdict: Suppress, day: str) -> QueuedSuppression:
        """The entry of an address of a plain list, for all providers; `day` is an ISO date."""
        fingerprint = self._fingerprinter.listed(listed) if self._fingerprinter else None
        suppression = Suppression(listed.id_on(day), listed.recipient, "list", verdict.rule)
        return QueuedSuppression(suppression, self.routes.all_providers, fingerprint=fingerprint)

    def complaint(self, complaint: Complaint, verdict: Suppress) -> QueuedSuppression | None:
        """The entry of a complaint, for all providers; None where it has no subject, not even by a token."""
        holder = self._holder(complaint)
        if not (holder.recipient or holder.subscriber.name):
            return None
        id_providers = self._id_providers(holder, complaint.originator)
        subscriber = holder.subscriber if id_providers or not holder.recipient else Subscriber()
        suppression = Suppression(
            complaint.id,
            holder.recipient,
            "complaint",
            verdict.rule,
            "f",
            complaint.feedback_type,
            diagnostic=complaint.reporter,
            originator=complaint.originator,
            job_id=complaint.job_id,
            occurred_at=complaint.logged_at,
            **subscriber._asdict(),
        )
        return QueuedSuppression(
            suppression, self.routes.all_providers, () if holder.recipient else id_providers, complaint.headers
        )

    def request(self, request: ListUnsubscribe, verdict: Suppress) -> QueuedSuppression:
        """The entry of a List-Unsubscribe request, for all providers."""
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
        id_providers = () if holder.recipient else self._id_providers(holder, "")
        return QueuedSuppression(suppression, self.routes.all_providers, id_providers, request.headers)

    def _holder(self, complaint: Complaint) -> TokenHolder:
        """The subject of a complaint: by address, by ids, by a token, or by the message's own To, in this order."""
        holder = TokenHolder(complaint.recipient, complaint.subscriber)
        if holder.subscriber.name and self._id_providers(holder, complaint.originator):
            return holder
        for address in complaint.unsubscribe_to:
            if by_token := self._tokens(address):
                return by_token._replace(recipient=holder.recipient or by_token.recipient)
        return holder._replace(recipient=holder.recipient or complaint.written_to)

    def _id_providers(self, holder: TokenHolder, originator: str) -> tuple[str, ...]:
        """The providers that the ids belong to; empty where several may have given out the same ones.

        A header does not name one of several; MailWizz's ids are random, but numbers are the same everywhere.
        """
        if holder.provider:
            return (holder.provider,)
        of_type = self.routes.of_type(holder.subscriber.list_manager)
        if len(of_type) <= 1 or not holder.subscriber.subscriber_id.isdigit():
            return of_type
        routed = tuple(name for name in of_type if name in self.routes.of(originator))
        return routed if len(routed) == 1 else ()


def _suppressions(bounces: BounceBatch, rules: Sequence[str]) -> ColumnBatch[Suppression]:
    """The suppressions that bounces make."""
    return ColumnBatch(
        Suppression,
        {
            "id": bounces.ids,
            "recipient": bounces.recipients,
            "reason": ["bounce"] * len(bounces),
            "rule": rules,
            "record_type": bounces.record_types,
            "category": bounces.categories,
            "status": bounces.codes,
            "diagnostic": bounces.diagnostics,
            "originator": bounces.originators,
            "job_id": bounces.job_ids,
            "occurred_at": bounces.occurred_at,
        },
    )

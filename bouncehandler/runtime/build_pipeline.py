"""Builds the ingest pipeline and its parts from the settings."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from bouncehandler import logs
from bouncehandler.accounting import RecordReader, open_reader
from bouncehandler.ingest.fingerprints import BounceFingerprinter
from bouncehandler.ingest.pipeline import IngestOptions, IngestPipeline
from bouncehandler.ingest.ports import IngestContext
from bouncehandler.ingest.read_loop import batch_size_for
from bouncehandler.ingest.rejected_file import RejectedFile
from bouncehandler.ingest.stats.collector import StatsCollector
from bouncehandler.ingest.suppression_builder import SuppressionBuilder, TokenHolder
from bouncehandler.policy import Policy
from bouncehandler.policy.classification import Rule, Rules
from bouncehandler.record import Subscriber, parse_address
from bouncehandler.routing import Routes
from bouncehandler.runtime.paths import Paths
from bouncehandler.runtime.unsubscribe_config import domains_of
from bouncehandler.spikes.mailbox_providers import MailboxProviders
from bouncehandler.spool import Spool
from bouncehandler.unsubscribe.tokens import Domain, domain_of, identify, parse

if TYPE_CHECKING:
    from bouncehandler.settings.model import Settings

_MAILWIZZ = "{subscriber}.{list}.{campaign}"
"""Form written by the MailWizz extension of the PHP handler."""


def build_pipeline(  # noqa: PLR0913, PLR0917  # each has its own source
    settings: "Settings",
    policy: Policy,
    log: logs.Logger,
    source: int,
    spool: Spool,
    on_commit: Callable[[], None] = lambda: None,
    *,
    logs_each_row: bool,
) -> IngestPipeline:
    """Build the pipeline for the input behind a file descriptor.

    Args:
        on_commit: called when something new is in the spool.
    """
    return IngestPipeline(
        build_reader(settings, takes_deliveries=policy.counts),
        build_context(settings, policy, log, spool, on_commit),
        RejectedFile(Paths.beside(settings.spool.url).rejected),
        IngestOptions(
            unreadable_share=settings.notify.unreadable_share,
            batch_rows=batch_size_for(source, settings.spool.batch_rows),
            logs_rows=logs_each_row,
        ),
    )


def build_reader(settings: "Settings", *, takes_deliveries: bool = False) -> RecordReader:
    """Build the reader of one input."""
    columns = settings.columns
    return open_reader({"b": columns.b, "f": columns.f}, takes_deliveries=takes_deliveries)


def build_policy(settings: "Settings") -> Policy:
    """Build the policy of `[policy]`.

    Raises:
        ConfigurationError: the site's file of rules needs mending. The shipped one, which has no mistakes, is read
            when the first bounce comes: that takes as long as a tenth of a start.
    """
    policy = settings.policy

    @cache
    def rules() -> list[Rule]:
        from bouncehandler.settings.classification_rules import read_rules  # noqa: PLC0415  # imports are lazy at the edges

        found = read_rules(policy.rules, has_shipped=policy.shipped_rules)
        return [replace(rule, name=f"rule {rule.name} of {found.version}") for rule in found.rules]

    if policy.rules:
        rules()
    return Policy(
        policy.bounce,
        policy.status,
        policy.suppression_list_hit,
        policy.complaint,
        lambda matters: Rules(rules(), matters),
    )


def build_suppression_builder(settings: "Settings") -> SuppressionBuilder:
    """Build the suppression builder, which knows the providers with their originators and types."""
    providers = settings.providers.items()
    routes = Routes(
        {name: section.originators for name, section in providers}, {name: section.type for name, section in providers}
    )
    hold = settings.hold
    fingerprinter = BounceFingerprinter(MailboxProviders(hold.operators), lists=hold.lists) if hold.enabled else None
    return SuppressionBuilder(routes, _Tokens(domains_of(settings)), fingerprinter)


def build_context(
    settings: "Settings", policy: Policy, log: logs.Logger, spool: Spool, on_commit: Callable[[], None]
) -> IngestContext:
    """Build what one input is decided and recorded with; `on_commit` as for `build_pipeline`."""
    return IngestContext(
        policy=policy,
        builder=build_suppression_builder(settings),
        spool=spool,
        log=log,
        clock=time.time,
        on_commit=on_commit,
        stats=StatsCollector(spool, policy, MailboxProviders(settings.hold.operators), time.time),
    )


class _Tokens:
    """Parser of the List-Unsubscribe addresses in complaints; an expired token still identifies its subscriber."""

    def __init__(self, domains: list[Domain]) -> None:
        self._domains = domains
        self._own = {domain.name for domain in domains}

    def __call__(self, address: str) -> TokenHolder | None:
        if domain_of(address) in self._own:
            found = identify(address, self._domains, today=0)
            provider = found.pop("provider", "") if found else ""
        else:  # no configured domain: the form that MailWizz's extension writes
            local = address.rpartition("@")[0]
            ids = parse(_MAILWIZZ, local)
            found = {f"{name}_id": value for name, value in ids.items()} | {"list_manager": "mailwizz"} if ids else None
            provider = ""
        if found is None:
            return None
        recipient = parse_address(found.pop("recipient", ""))
        return TokenHolder(recipient or "", Subscriber(**found), provider)

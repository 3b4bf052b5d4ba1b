"""Builds what decides, from the settings: the policy, and who is owed what."""

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from bouncehandler.ingest import StatsCollector, SuppressionBuilder, TokenHolder
from bouncehandler.ingest.fingerprints import BounceFingerprinter
from bouncehandler.policy import Policy
from bouncehandler.policy.classification import Rules
from bouncehandler.record import Subscriber, parse_address
from bouncehandler.routing import Routes
from bouncehandler.runtime.unsubscribe_config import domains_of
from bouncehandler.spikes import MailboxProviders
from bouncehandler.spool import Spool
from bouncehandler.unsubscribe.tokens import Domain, domain_of, identify, parse

if TYPE_CHECKING:
    from bouncehandler.settings.model import Settings

_MAILWIZZ = "{subscriber}.{list}.{campaign}"
"""As MailWizz's extension of the old handler writes it."""


def build_policy(settings: "Settings") -> Policy:
    """The rules of `[policy]`."""
    from bouncehandler.settings.classification_rules import read_rules  # noqa: PLC0415  # imports are lazy at the edges

    policy = settings.policy
    found = read_rules(policy.rules, has_shipped=policy.shipped_rules)
    named = [replace(rule, name=f"rule {rule.name} of {found.version}") for rule in found.rules]
    return Policy(
        policy.bounce,
        policy.status,
        policy.suppression_list_hit,
        policy.complaint,
        lambda matters: Rules(named, matters),
    )


def build_suppression_builder(settings: "Settings") -> SuppressionBuilder:
    """The providers, with their originators and types."""
    providers = settings.providers.items()
    routes = Routes(
        {name: section.originators for name, section in providers}, {name: section.type for name, section in providers}
    )
    hold = settings.hold
    fingerprinter = BounceFingerprinter(MailboxProviders(hold.operators), lists=hold.lists) if hold.enabled else None
    return SuppressionBuilder(routes, _Tokens(domains_of(settings)), fingerprinter)


def build_stats(settings: "Settings", spool: Spool, policy: Policy) -> StatsCollector:
    """What adds up the records of one input."""
    return StatsCollector(spool, policy, MailboxProviders(settings.hold.operators), time.time)


class _Tokens:
    """Reads the List-Unsubscribe addresses of complained messages; an expired token still tells who it was for."""

    def __init__(self, domains: list[Domain]) -> None:
        self._domains = domains
        self._own = {domain.name for domain in domains}

    def __call__(self, address: str) -> TokenHolder | None:
        if domain_of(address) in self._own:
            found = identify(address, self._domains, today=0)
            provider = found.pop("provider", "") if found else ""
        else:  # a domain of the form that MailWizz's extension writes, which nobody described
            local = address.rpartition("@")[0]
            ids = parse(_MAILWIZZ, local)
            found = {f"{name}_id": value for name, value in ids.items()} | {"list_manager": "mailwizz"} if ids else None
            provider = ""
        if found is None:
            return None
        recipient = parse_address(found.pop("recipient", ""))
        return TokenHolder(recipient or "", Subscriber(**found), provider)

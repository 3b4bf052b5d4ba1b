"""Builds what decides, from the settings: the policy, and who is owed what."""

from typing import TYPE_CHECKING

from bouncehandler.ingest import Owing
from bouncehandler.policy import Policy
from bouncehandler.routing import Routes

if TYPE_CHECKING:
    from bouncehandler.settings.model import Settings


def policy_of(settings: "Settings") -> Policy:
    """The rules of `[policy]`."""
    rules = settings.policy
    return Policy(rules.bounce, rules.status, rules.suppression_list_hit, rules.complaint)


def owing_of(settings: "Settings") -> Owing:
    """The providers, with their originators and types."""
    providers = settings.providers.items()
    routes = Routes(
        {name: section.originators for name, section in providers}, {name: section.type for name, section in providers}
    )
    return Owing(routes)

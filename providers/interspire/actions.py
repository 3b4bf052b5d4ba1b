"""Choice of the action for a suppression: it depends on the reason, and on whether an address is known."""

from collections.abc import Mapping
from typing import Literal

Action = Literal["unsubscribe", "bounce", "ban"]

METHODS: Mapping[Action, str] = {"unsubscribe": "UnsubscribeSubscriber", "bounce": "BounceSubscriber"}
"""Methods of Interspire's API, for the actions that go list by list."""

_RECORDED = frozenset({"bounce", "list"})
_NO_BOUNCE = "not recorded as a bounce, since it is none"
_NEEDS_ADDRESS: Mapping[Action, str] = {
    "bounce": "unsubscribed, not recorded as a bounce: that takes the subscriber's address",
    "ban": "unsubscribed, not banned: that takes the subscriber's address",
}


def choose_action(action: Action, reason: str) -> Action:
    """Choose the action for a reason, which is one of an open set.

    A request to be unsubscribed is no reason for a ban, and a complaint is no bounce; but the action for addresses
    listed by hand was chosen by the sysadmin.
    """
    if reason == "unsubscribe" or (action == "bounce" and reason not in _RECORDED):
        return "unsubscribe"
    return action


def action_note(action: Action, reason: str) -> str:
    """Explain why an address got another action than the configured one; empty where it did not."""
    return _NO_BOUNCE if action == "bounce" and reason not in _RECORDED | {"unsubscribe"} else ""


def ids_action_note(action: Action, reason: str) -> str:
    """Explain the same for a subscriber whose ids alone are known; empty likewise."""
    return _NEEDS_ADDRESS.get(choose_action(action, reason), "") or action_note(action, reason)

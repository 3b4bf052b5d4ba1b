"""What the configured action comes to, since it depends on the reason, and on whether an address is known."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Action = Literal["unsubscribe", "bounce", "ban"]

METHODS: Mapping[Action, str] = MappingProxyType({"unsubscribe": "UnsubscribeSubscriber", "bounce": "BounceSubscriber"})
"""Interspire's own, for the actions that go list by list."""

_RECORDED = frozenset({"bounce", "list"})
_NO_BOUNCE = "not recorded as a bounce, since it is none"
_NEEDS_ADDRESS: Mapping[Action, str] = MappingProxyType(
    {
        "bounce": "unsubscribed, not recorded as a bounce: that takes the subscriber's address",
        "ban": "unsubscribed, not banned: that takes the subscriber's address",
    }
)


def fitting(action: Action, reason: str) -> Action:
    """What `action` comes to for a reason, which is one of an open set.

    A request to be unsubscribed is no reason to ban anybody, and a complaint is no bounce; but who feeds a list by hand
    has chosen what becomes of it.
    """
    if reason == "unsubscribe" or (action == "bounce" and reason not in _RECORDED):
        return "unsubscribe"
    return action


def note(action: Action, reason: str) -> str:
    """Why `action` is not what was done to an address; empty where nothing needs saying."""
    return _NO_BOUNCE if action == "bounce" and reason not in _RECORDED | {"unsubscribe"} else ""


def note_by_ids(action: Action, reason: str) -> str:
    """Why `action` is not what was done to a subscriber whose ids alone are known; empty likewise."""
    return _NEEDS_ADDRESS.get(fitting(action, reason), "") or note(action, reason)

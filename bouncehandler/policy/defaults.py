"""Actions that the configuration can name, and the tables of them that hold where it names none."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Literal, NamedTuple


class Threshold(NamedTuple):
    """Number of bounces within a period that make a suppression."""

    suppress_after: int
    within: timedelta


Action = Literal["suppress", "ignore"] | Threshold
"""Action of the configuration for a category or a status."""

OTHER = "*"
"""Key for every category that is not named; PowerMTA's categories are an open set."""

_SOFT = Threshold(3, timedelta(days=21))
_SOFTER = Threshold(4, timedelta(days=21))

DEFAULT_BOUNCE: Mapping[str, Action] = MappingProxyType(
    {
        "bad-mailbox": "suppress",
        "bad-domain": "suppress",
        "inactive-mailbox": "suppress",
        "quota-issues": _SOFT,
        "no-answer-from-host": _SOFT,
        "routing-errors": _SOFTER,
        "relaying-issues": _SOFTER,
        "spam-related": "ignore",
        "policy-related": "ignore",
        "content-related": "ignore",
        "virus-related": "ignore",
        "invalid-sender": "ignore",
        "bad-configuration": "ignore",
        "protocol-errors": "ignore",
        "bad-connection": "ignore",
        "message-expired": "ignore",
        "other": "ignore",
        OTHER: "ignore",
    }
)
"""By category; `config/bouncehandler.toml` gives the reason for each."""

DEFAULT_STATUS: Mapping[str, Action] = MappingProxyType({"4.x.x": _SOFT, "5.7.x": "ignore"})
"""By status, `x` for any number. A hard category with a temporary status counts as soft; policy and authentication (RFC
3463 3.8) are no property of the mailbox."""

DEFAULT_COMPLAINT: Mapping[str, Literal["suppress", "ignore"]] = MappingProxyType(
    {"not-spam": "ignore", "auth-failure": "ignore", "dmarc": "ignore", OTHER: "suppress"}
)
"""By feedback type (RFC 5965 7.3): `not-spam` takes a complaint back; reports of authentication (RFC 6591, RFC 7489)
are no complaints."""

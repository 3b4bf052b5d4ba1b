"""What makes a record one of many alike: who runs the mailbox, and what the diagnostics of one cause have in common."""

from collections.abc import Sequence
from functools import lru_cache

from bouncehandler.record import Bounce, DsnStatus, ListedAddress, status_text
from bouncehandler.spool import Sighting
from bouncehandler.waves import Operators, shape

_FED_BY_HAND = "fed by hand"
_TEXT = 256
"""Characters of a diagnostic, more than a shape looks at. Without the recipient they are few, and remembered."""


class Sights:
    """Sees bounces, and, if asked, addresses fed by hand.

    Args:
        lists: whether a wave of addresses that are fed by hand is held, too.
    """

    def __init__(self, operators: Operators, *, lists: bool = False) -> None:
        self._operators, self._lists = operators, lists

    def bounces(self, bounces: Sequence[Bounce]) -> list[Sighting | None]:
        """Where hard bounces belong."""
        operator = self._operators.of
        return [
            _sighting(
                operator(bounce.recipient, bounce.remote_mta),
                bounce.status,
                bounce.diagnostic.replace(bounce.recipient, "")[:_TEXT],
            )
            for bounce in bounces
        ]

    def listed(self, listed: ListedAddress) -> Sighting | None:
        """Where an address fed by hand belongs; None where such are never held."""
        return Sighting(self._operators.of(listed.recipient, ""), _FED_BY_HAND) if self._lists else None


@lru_cache(maxsize=4096)
def _sighting(operator: str, status: DsnStatus | None, text: str) -> Sighting:
    return Sighting(operator, shape(status_text(status), text))

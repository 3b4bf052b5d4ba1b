"""What makes a record one of many alike: who runs the mailbox, and what the diagnostics of one cause have in common."""

from bouncehandler.record import Bounce, ListedAddress
from bouncehandler.spool import Sighting
from bouncehandler.waves import Operators, shape

_FED_BY_HAND = "fed by hand"


class Sights:
    """Sees bounces, and, if asked, addresses fed by hand.

    Args:
        lists: whether a wave of addresses that are fed by hand is held, too.
    """

    def __init__(self, operators: Operators, *, lists: bool = False) -> None:
        self._operators, self._lists = operators, lists

    def bounce(self, bounce: Bounce) -> Sighting:
        """Where a hard bounce belongs."""
        operator = self._operators.of(bounce.recipient, bounce.remote_mta)
        return Sighting(operator, shape(str(bounce.status or ""), bounce.diagnostic))

    def listed(self, listed: ListedAddress) -> Sighting | None:
        """Where an address fed by hand belongs; None where such are never held."""
        return Sighting(self._operators.of(listed.recipient, ""), _FED_BY_HAND) if self._lists else None

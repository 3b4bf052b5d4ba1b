"""Progress of one call over its lists: the lists that were changed, and the failures by list."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bouncehandler.provider import TemporaryFailure, format_lists
from bouncehandler.suppression import Outcome
from providers.interspire.wire import XmlAnswer


@dataclass(slots=True)
class ListProgress:
    """Lists of one call, each in one of these fields once it was tried."""

    changed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    """The address was no longer on them when they were tried."""
    refused: dict[str, str] = field(default_factory=dict)
    """With the server's text, which may be `not subscribed` in another language."""
    failed: dict[str, str] = field(default_factory=dict)
    """With the reason."""

    def call(self, listid: str, call: Callable[[str], XmlAnswer]) -> XmlAnswer | None:
        """Call for one list; returns None for a failure, which is kept, unless the server asks for a pause."""
        try:
            return call(listid)
        except TemporaryFailure as error:
            if error.retry_after is not None:
                raise
            self.failed[listid] = str(error)
            return None

    def resolve_refusals(self, active: tuple[str, ...]) -> None:
        """Sort the refusals: no failure where the address is not active, and so gone; a failure elsewhere."""
        for listid, text in self.refused.items():
            if listid in active:
                self.failed[listid] = text
            else:
                self.gone.append(listid)
        self.refused.clear()

    def raise_if_failed(self) -> None:
        """Raise `TemporaryFailure` where a list failed; the next attempt tries the others."""
        if self.failed:
            why = next(iter(self.failed.values()))
            raise TemporaryFailure(f"not done on {format_lists(self.failed)}: {why}")

    def build_outcome(self) -> Outcome:
        """Build the outcome of `unsubscribe`. Raises as `raise_if_failed`."""
        self.raise_if_failed()
        note = f"the address was gone from {format_lists(self.gone)} in the meantime" if self.gone else ""
        return Outcome("unsubscribed" if self.changed else "already", tuple(self.changed), note)

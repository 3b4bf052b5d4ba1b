"""Progress of one call over its lists: the lists that were changed, and the failures by list."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NoReturn

from bouncehandler.provider import ProviderUnavailable, TemporaryFailure
from bouncehandler.suppression import Outcome


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

    def resolve_refusals(self, active: tuple[str, ...]) -> None:
        """Sort the refusals: no failure where the address is not active, and so gone; a failure elsewhere."""
        for listid, text in self.refused.items():
            if listid in active:
                self.failed[listid] = text
            else:
                self.gone.append(listid)
        self.refused.clear()

    def raise_if_failed(self) -> None:
        """Raise `TemporaryFailure` where a list failed; the next attempt tries what is left."""
        if self.failed:
            why = next(iter(self.failed.values()))
            raise TemporaryFailure(f"not done on {format_lists(self.failed)}: {why}")

    def build_outcome(self) -> Outcome:
        """Build the outcome of `unsubscribe`. Raises as `raise_if_failed`."""
        self.raise_if_failed()
        note = f"the address was gone from {format_lists(self.gone)} in the meantime" if self.gone else ""
        return Outcome("unsubscribed" if self.changed else "already", tuple(self.changed), note)

    def raise_with_changes(self, error: Exception, *, is_restoring: bool = False) -> NoReturn:
        """Raise a failure of the same scope that names the lists that were changed, too.

        The outcome of the next attempt can't name them, since the port's `lists` are those of one call: undo knows
        them from here, and people from the text.
        """
        text = f"{str(error) or type(error).__name__}; done in this attempt on {format_lists(self.changed)}"
        changed = () if is_restoring else tuple(self.changed)
        if isinstance(error, ProviderUnavailable):
            raise ProviderUnavailable(text, changed=changed) from error
        raise TemporaryFailure(text, retry_after=getattr(error, "retry_after", None), changed=changed) from error


def format_lists(listids: Iterable[str]) -> str:
    """`list 1`, or `lists 1, 2`."""
    ids = list(listids)
    return f"{'list' if len(ids) == 1 else 'lists'} {', '.join(ids)}"

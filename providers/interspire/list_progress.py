"""How far one address has got on its lists: what was changed, and what went wrong on which list."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NoReturn

from bouncehandler.provider import ProviderUnavailable, TemporaryFailure
from bouncehandler.suppression import Outcome


@dataclass(slots=True)
class ListProgress:
    """The lists of one call of `unsubscribe`, each in one of these places once it was tried."""

    changed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    """The address was no longer on them when they were tried."""
    refused: dict[str, str] = field(default_factory=dict)
    """With the server's words, which may be `not subscribed` in another language."""
    failed: dict[str, str] = field(default_factory=dict)
    """With the reason."""

    def judge_refused(self, still_active: tuple[str, ...]) -> None:
        """Tell refusals that don't matter, since the address is gone, from those that do."""
        for listid, words in self.refused.items():
            if listid in still_active:
                self.failed[listid] = words
            else:
                self.gone.append(listid)
        self.refused.clear()

    def raise_if_failed(self) -> None:
        """Raise `TemporaryFailure` where a list failed; the next attempt tries what is left."""
        if self.failed:
            why = next(iter(self.failed.values()))
            raise TemporaryFailure(f"not done on {enumerated(self.failed)}: {why}")

    def outcome(self) -> Outcome:
        """What was done. Raises as `raise_if_failed`."""
        self.raise_if_failed()
        note = f"the address was gone from {enumerated(self.gone)} in the meantime" if self.gone else ""
        return Outcome("unsubscribed" if self.changed else "already", tuple(self.changed), note)

    def raise_with_progress(self, error: Exception, *, is_restoring: bool = False) -> NoReturn:
        """Raise a failure of the same scope that also names the lists that were changed.

        The outcome of the next attempt can't name them, since the port's `lists` are those of one call: undo knows
        them from here, and people from the text.
        """
        text = f"{str(error) or type(error).__name__}; done in this attempt on {enumerated(self.changed)}"
        changed = () if is_restoring else tuple(self.changed)
        if isinstance(error, ProviderUnavailable):
            raise ProviderUnavailable(text, changed=changed) from error
        raise TemporaryFailure(text, retry_after=getattr(error, "retry_after", None), changed=changed) from error


def enumerated(listids: Iterable[str]) -> str:
    """`list 1`, or `lists 1, 2`."""
    ids = list(listids)
    return f"{'list' if len(ids) == 1 else 'lists'} {', '.join(ids)}"

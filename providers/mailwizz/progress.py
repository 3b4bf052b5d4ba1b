"""What a call had changed when it failed: the failure says so, since no outcome will."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import httpx

from bouncehandler.provider import ProviderError, TemporaryFailure
from providers.mailwizz.answers import Row


@contextmanager
def naming(changed: list[Row], *, is_restoring: bool = False) -> Iterator[list[Row]]:
    """Name the lists of `changed`, which the caller fills on its way, in a failure; its scope stays.

    The next attempt finds these rows as they are now, so that its outcome can't name them: undo knows them from here,
    and people from the text. A broken connection becomes a `TemporaryFailure`, which can say so.
    """
    try:
        yield changed
    except ProviderError as error:
        if changed:
            _name(error, changed, is_restoring=is_restoring)
        raise
    except httpx.TransportError as error:
        if not changed:
            raise
        failure = TemporaryFailure(f"{type(error).__name__}: {error}")
        _name(failure, changed, is_restoring=is_restoring)
        raise failure from error


def _name(failure: ProviderError, changed: Iterable[Row], *, is_restoring: bool) -> None:
    list_uids = tuple(dict.fromkeys(row.list_uid for row in changed))
    failure.args = (f"{failure}; done in this attempt on {enumerated(list_uids)}",)
    failure.changed = () if is_restoring else list_uids


def enumerated(list_uids: Iterable[str]) -> str:
    """`list a`, or `lists a, b`, each once."""
    uids = list(dict.fromkeys(list_uids))
    return f"{'list' if len(uids) == 1 else 'lists'} {', '.join(uids)}"

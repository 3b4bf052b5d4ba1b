"""Changes of a call that failed: the failure names them, since no outcome will."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import httpx

from bouncehandler.provider import ProviderError, TemporaryFailure
from providers.mailwizz.answers import Row


@contextmanager
def report_changes(changed: list[Row], *, is_restoring: bool = False) -> Iterator[list[Row]]:
    """Add the lists of `changed`, which the caller fills on its way, to a failure; its scope stays.

    The next attempt finds these rows as they are now, so that its outcome can't name them: undo knows them from here,
    and people from the text. A broken connection becomes a `TemporaryFailure`, which can name them.
    """
    try:
        yield changed
    except ProviderError as error:
        if changed:
            _add_changes(error, changed, is_restoring=is_restoring)
        raise
    except httpx.TransportError as error:
        if not changed:
            raise
        failure = TemporaryFailure(f"{type(error).__name__}: {error}")
        _add_changes(failure, changed, is_restoring=is_restoring)
        raise failure from error


def _add_changes(failure: ProviderError, changed: Iterable[Row], *, is_restoring: bool) -> None:
    list_uids = tuple(dict.fromkeys(row.list_uid for row in changed))
    failure.args = (f"{failure}; done in this attempt on {format_lists(list_uids)}",)
    failure.changed = () if is_restoring else list_uids


def format_lists(list_uids: Iterable[str]) -> str:
    """Format ids as `list a`, or `lists a, b`, each once."""
    uids = list(dict.fromkeys(list_uids))
    return f"{'list' if len(uids) == 1 else 'lists'} {', '.join(uids)}"

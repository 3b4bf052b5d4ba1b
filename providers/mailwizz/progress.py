"""What a call had changed when it failed: its text says so, since no outcome will."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import httpx

from bouncehandler.provider import ProviderError
from providers.mailwizz.answers import Row


@contextmanager
def naming(changed: list[Row]) -> Iterator[list[Row]]:
    """Add the lists of `changed`, which the caller fills on its way, to the text of a failure; its scope stays.

    The next attempt finds these rows as they are now, so that its outcome can't name them, and undo would not restore
    them. This attempt's text, which is kept, is where they are on record.
    """
    try:
        yield changed
    except (ProviderError, httpx.TransportError) as error:
        if changed:
            error.args = (f"{error}; done in this attempt on {enumerated(row.list_uid for row in changed)}",)
        raise


def enumerated(list_uids: Iterable[str]) -> str:
    """`list a`, or `lists a, b`, each once."""
    uids = list(dict.fromkeys(list_uids))
    return f"{'list' if len(uids) == 1 else 'lists'} {', '.join(uids)}"

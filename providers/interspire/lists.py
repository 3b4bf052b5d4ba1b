"""The ids of all lists, which every look-up must name: kept for a while, and fetched once for all threads."""

import threading
from collections.abc import Callable

import httpx

from bouncehandler.provider import ProviderError


class ListCache:
    """Threads that need the lists while one of them fetches wait for it, and share what it gets: lists or failure."""

    def __init__(self, fetch: Callable[[], tuple[str, ...]], clock: Callable[[], float]) -> None:
        """Keep what `fetch` returns; `clock` counts seconds."""
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._lists: tuple[str, ...] = ()
        self._fetched_at: float | None = None
        self._failures = 0
        self._failure: ProviderError | httpx.TransportError | None = None

    def within(self, seconds: float) -> tuple[str, ...]:
        """The lists as they were at most so many seconds ago. Raises what fetching them raises."""
        failures = self._failures
        with self._lock:
            if self._fetched_at is not None and self._clock() - self._fetched_at <= seconds:
                return self._lists
            # It failed while we waited. Trying again would cost the waiting threads one time-out after another.
            if self._failure is not None and self._failures != failures:
                raise self._failure
            return self._fetch_now()

    def _fetch_now(self) -> tuple[str, ...]:
        now = self._clock()
        try:
            self._lists = self._fetch()
        except (ProviderError, httpx.TransportError) as error:
            self._failures += 1
            self._failure = error
            raise
        self._fetched_at, self._failure = now, None
        return self._lists

"""Writes metrics to a file, and answers requests for them, while a command runs."""

import errno
import threading
import time
from typing import TYPE_CHECKING

from bouncehandler import __version__
from bouncehandler.cli.exits import CONFIGURATION, CommandError
from bouncehandler.cli.session import Session
from bouncehandler.settings.sections import address
from bouncehandler.spool import Spool, SpoolError

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from bouncehandler.metrics.listener import MetricsListener

_EVERY = 15.0
"""Seconds between two writings of the file: Prometheus looks no more often by default."""


def metrics_registry(session: Session, spool: Spool) -> "CollectorRegistry":
    """Build a registry with the current metrics.

    Raises:
        SpoolError: the spool can't be read.
    """
    from bouncehandler.metrics.exposition import Snapshot, build_registry  # noqa: PLC0415  # imports are lazy at the edges

    providers = list(session.settings.providers)
    return build_registry(Snapshot(spool.status(), spool.counters(), providers, spool.size, time.time(), __version__))


def metrics_text(session: Session, spool: Spool) -> bytes:
    """Format the current metrics as text. Raises as `metrics_registry` does."""
    from bouncehandler.metrics.exposition import format_metrics  # noqa: PLC0415  # as above

    return format_metrics(metrics_registry(session, spool))


class MetricsExporter:
    """Does what `[metrics]` says, from `start` to `stop`; it ends no command.

    Args:
        listens: whether this command answers requests.

    Raises:
        CommandError: the address to listen on can't be one of this machine's, or not ours.
    """

    def __init__(self, session: Session, spool: Spool, *, listens: bool) -> None:
        self._session, self._spool, self._log = session, spool, session.log
        self._path = session.settings.metrics.textfile
        self._trouble = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="metrics", daemon=True)
        self._listener = self._listening(session.settings.metrics.listen) if listens else None

    def start(self) -> None:
        """Begin."""
        if self._path:
            self._thread.start()
        if self._listener:
            self._listener.start()

    def stop(self) -> None:
        """Write the file a last time, and answer nobody any more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._listener:
            self._listener.stop()

    def _listening(self, listen: str | None) -> "MetricsListener | None":
        if listen is None:
            return None
        from bouncehandler.metrics.listener import MetricsListener  # noqa: PLC0415  # imports are lazy at the edges

        try:
            listener = MetricsListener(*address(listen), lambda: metrics_text(self._session, self._spool))
        except OSError as error:
            reason = f"[metrics] listen = {listen!r} can't be had ({error.strerror or error})"
            if error.errno != errno.EADDRINUSE:
                mend = "name an address of this machine, and a port above 1023"
                raise CommandError(f"{reason}: {mend}", CONFIGURATION) from error
            self._log.error("metrics_not_served", reason=f"{reason}: another program listens there")
            return None
        self._log.info("metrics_served", port=listener.port)
        return listener

    def _work(self) -> None:
        self._write()
        while not self._stopping.wait(_EVERY):
            self._write()
        self._write()

    def _write(self) -> None:
        """Once said, trouble is not said again until it was over."""
        from bouncehandler.metrics.textfile import write_metrics  # noqa: PLC0415  # imports are lazy at the edges

        try:
            if self._path:
                write_metrics(self._path, metrics_registry(self._session, self._spool))
        except (OSError, SpoolError) as error:
            reason = f"{self._path} can't be written ({error.strerror})" if isinstance(error, OSError) else str(error)
            if reason != self._trouble:
                self._log.warning("metrics_not_written", reason=reason)
            self._trouble = reason
        else:
            self._trouble = ""

"""Exports metrics to a file, and over HTTP, while a command runs."""

import errno
import threading
import time
from typing import TYPE_CHECKING

from bouncehandler import logs
from bouncehandler.settings import ConfigurationError
from bouncehandler.settings.sections import address
from bouncehandler.spool import Spool, SpoolError

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from bouncehandler.metrics.listener import MetricsListener
    from bouncehandler.settings.model import Settings

_INTERVAL = 15.0
"""Seconds between two writes of the file: the default scrape interval of Prometheus is no shorter."""


def metrics_registry(settings: "Settings", spool: Spool) -> "CollectorRegistry":
    """Build a registry with the current metrics.

    Raises:
        SpoolError: the spool can't be read.
    """
    from prometheus_client import CollectorRegistry  # noqa: PLC0415  # imports are lazy at the edges

    from bouncehandler.metrics.exposition import Snapshot  # noqa: PLC0415  # as above

    registry = CollectorRegistry()
    registry.register(Snapshot(spool.status(), spool.counters(), list(settings.providers), spool.size, time.time()))
    return registry


def metrics_text(settings: "Settings", spool: Spool) -> bytes:
    """Format the current metrics as text (Prometheus's format, version 0.0.4). Raises as `metrics_registry` does."""
    from prometheus_client import generate_latest  # noqa: PLC0415  # imports are lazy at the edges

    return generate_latest(metrics_registry(settings, spool))


class MetricsExporter:
    """Exporter that `[metrics]` configures; a failure to export is logged, and ends no command.

    Args:
        is_listening: whether this command answers HTTP requests.

    Raises:
        ConfigurationError: the address to listen on is none of this machine's, or not permitted.
    """

    def __init__(self, settings: "Settings", log: logs.Logger, spool: Spool, *, is_listening: bool) -> None:
        self._settings, self._spool, self._log = settings, spool, log
        self._path = settings.metrics.textfile
        self._last_error = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="metrics", daemon=True)
        self._listener = self._open_listener(settings.metrics.listen) if is_listening else None

    def start(self) -> None:
        """Start the thread, and the HTTP listener."""
        if self._path:
            self._thread.start()
        if self._listener:
            self._listener.start()

    def stop(self) -> None:
        """Write the file a last time, and close the HTTP listener."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._listener:
            self._listener.stop()

    def _open_listener(self, listen: str | None) -> "MetricsListener | None":
        if listen is None:
            return None
        from bouncehandler.metrics.listener import MetricsListener  # noqa: PLC0415  # imports are lazy at the edges

        try:
            listener = MetricsListener(*address(listen), lambda: metrics_text(self._settings, self._spool))
        except OSError as error:
            reason = f"[metrics] listen = {listen!r} can't be had ({error.strerror or error})"
            if error.errno != errno.EADDRINUSE:
                mend = "name an address of this machine, and a port above 1023"
                raise ConfigurationError(f"{reason}: {mend}") from error
            self._log.error("metrics_not_served", reason=f"{reason}: another program listens there")
            return None
        self._log.info("metrics_served", port=listener.port)
        return listener

    def _work(self) -> None:
        self._write()
        while not self._stopping.wait(_INTERVAL):
            self._write()
        self._write()

    def _write(self) -> None:
        """Write the file; a lasting error is logged once."""
        from bouncehandler.metrics.exposition import write_metrics  # noqa: PLC0415  # imports are lazy at the edges

        try:
            if self._path:
                write_metrics(self._path, metrics_registry(self._settings, self._spool))
        except (OSError, SpoolError) as error:
            reason = f"{self._path} can't be written ({error.strerror})" if isinstance(error, OSError) else str(error)
            if reason != self._last_error:
                self._log.warning("metrics_not_written", reason=reason)
            self._last_error = reason
        else:
            self._last_error = ""

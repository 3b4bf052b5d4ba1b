"""Moves List-Unsubscribe mail from the maildrop into the spool while a command runs."""

import threading
from collections.abc import Callable

from bouncehandler import logs
from bouncehandler.ingest.unsubscribe_mail import MaildropError, UnsubscribeMailbox
from bouncehandler.policy import Policy
from bouncehandler.runtime.build_pipeline import build_context
from bouncehandler.runtime.paths import Paths
from bouncehandler.settings.model import Settings
from bouncehandler.spool import Spool

_POLL_INTERVAL = 0.25
"""Seconds between two looks into the maildrop."""
_RETRY_INTERVAL = 30.0
"""Seconds after which a folder that can't be used is tried again."""


class MaildropPoller:
    """Thread that polls the maildrop.

    Args:
        on_commit: called when something new is in the spool.
        on_failure: called from the thread when the spool fails; `failure` then holds the error.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # each has its own source
        self,
        settings: Settings,
        policy: Policy,
        log: logs.Logger,
        spool: Spool,
        on_commit: Callable[[], None],
        on_failure: Callable[[], None],
    ) -> None:
        self._mailbox = UnsubscribeMailbox(
            Paths.beside(settings.spool.url).maildrop, build_context(settings, policy, log, spool, on_commit)
        )
        self._log, self._on_failure = log, on_failure
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="maildrop", daemon=True)
        self._last_error = ""
        """The reason logged last; empty while the folder can be used."""
        self.failure: Exception | None = None
        """The error that ended the thread before its time; None while it runs."""

    def start(self) -> None:
        """Start polling."""
        self._thread.start()

    def stop(self) -> None:
        """Take the messages that wait now, and end.

        Raises:
            Exception: the error that ended the thread before its time.
        """
        self._stopping.set()
        self._thread.join()
        if self.failure:
            raise self.failure

    def _work(self) -> None:
        try:
            while not self._stopping.wait(_RETRY_INTERVAL if self._last_error else _POLL_INTERVAL):
                self._take()
            self._take()
        except Exception as error:  # noqa: BLE001  # kept for the owner, who ends the process over it
            self.failure = error
            self._on_failure()

    def _take(self) -> None:
        """Take the waiting messages; a folder that can't be used is logged once, and does not end the process."""
        try:
            self._mailbox.take()
        except MaildropError as error:
            if str(error) != self._last_error:
                self._log.error("maildrop_unusable", reason=str(error))
            self._last_error = str(error)
        else:
            self._last_error = ""

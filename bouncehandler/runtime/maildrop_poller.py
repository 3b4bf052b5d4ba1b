"""Brings List-Unsubscribe mail from the letterbox into the spool while a command runs."""

import threading
import time
from collections.abc import Callable

from bouncehandler.cli.session import Session
from bouncehandler.ingest import IngestContext, MaildropError, UnsubscribeMailbox
from bouncehandler.runtime.build_pipeline import build_policy, build_stats, build_suppression_builder
from bouncehandler.runtime.unsubscribe_config import letters_of
from bouncehandler.spool import Spool

_LOOK = 0.25
"""Seconds between two looks into the letterbox."""
_REST = 30.0
"""Seconds after which a folder that can't be used is tried again."""


class MaildropPoller:
    """A thread that looks into the letterbox again and again.

    Args:
        committed: called when something new is in the spool.
        on_failure: called from the thread when the spool fails it; `failure` then says why.
    """

    def __init__(
        self, session: Session, spool: Spool, committed: Callable[[], None], on_failure: Callable[[], None]
    ) -> None:
        settings, policy = session.settings, build_policy(session.settings)
        self._letters = UnsubscribeMailbox(
            letters_of(settings),
            IngestContext(
                policy=policy,
                builder=build_suppression_builder(settings),
                spool=spool,
                log=session.log,
                clock=time.time,
                on_commit=committed,
                stats=build_stats(settings, spool, policy),
            ),
        )
        self._log, self._on_failure = session.log, on_failure
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="letters", daemon=True)
        self._trouble = ""
        self.failure: Exception | None = None
        """What ended the thread before its time; None while all is well."""

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Take what lies there now, and end.

        Raises:
            Exception: what ended the thread before its time.
        """
        self._stopping.set()
        self._thread.join()
        if self.failure:
            raise self.failure

    def _work(self) -> None:
        try:
            while not self._stopping.wait(_REST if self._trouble else _LOOK):
                self._take()
            self._take()
        except Exception as error:  # noqa: BLE001  # kept for the owner, who ends the process over it
            self.failure = error
            self._on_failure()

    def _take(self) -> None:
        """Take what lies there; a folder that can't be used is said once, and does not end the process."""
        try:
            self._letters.take()
        except MaildropError as error:
            if str(error) != self._trouble:
                self._log.error("letters_wait", reason=str(error))
            self._trouble = str(error)
        else:
            self._trouble = ""

"""Takes List-Unsubscribe mail from the letterbox into the spool."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from bouncehandler.ingest.ports import IngestLog, SuppressionSink
from bouncehandler.ingest.stats.collector import StatsCollector
from bouncehandler.ingest.suppression_builder import SuppressionBuilder
from bouncehandler.policy import Ignore, Policy, Suppress
from bouncehandler.spool import QueuedSuppression, SpoolError
from bouncehandler.unsubscribe import maildrop_reader
from bouncehandler.unsubscribe.maildrop_reader import AutoReply, DamagedMessage, UnsubscribeMessage, UnsubscribeRequest

_GROUP = 500
"""Letters that are committed together at most."""

_REMEMBERED = 1000
"""Letters that could not be moved aside, of which it was said so."""


class MaildropError(Exception):
    """The folder of the letters can't be used: they wait. The text says what happened and how to mend it."""


class UnsubscribeMailbox:
    """Reads a letterbox; several processes may read the same one.

    Args:
        folder: the letterbox; it need not be there.
        clock: seconds since the epoch.
        committed: called after every commit that put something into the spool.
        figures: adds up what was read; None: nobody does.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # as `IngestPipeline`: the left half meets everything here
        self,
        folder: Path,
        policy: Policy,
        builder: SuppressionBuilder,
        spool: SuppressionSink,
        log: IngestLog,
        clock: Callable[[], float],
        committed: Callable[[], None] = lambda: None,
        stats: StatsCollector | None = None,
    ) -> None:
        self._folder, self._policy, self._owing, self._spool, self._log = folder, policy, builder, spool, log
        self._clock, self._committed, self._figures = clock, committed, stats
        self._reported: set[str] = set()

    def take(self) -> int:
        """Take every letter that lies there; returns how many requests there were.

        Raises:
            LetterboxError: the folder can't be read or written.
            SpoolError: the disk failed the spool.
        """
        letters, manual_actions = self._letters(), 0
        while group := list(islice(letters, _GROUP)):
            manual_actions += self._take(group)
        return manual_actions

    def _letters(self) -> Iterator[UnsubscribeMessage]:
        try:
            yield from maildrop_reader.read_messages(self._folder, now=self._clock())
        except SpoolError as error:
            raise MaildropError(str(error)) from error

    def _take(self, group: list[UnsubscribeMessage]) -> int:
        requests = [letter for letter in group if isinstance(letter, UnsubscribeRequest)]
        owed = [one for request in requests for one in self._owed(request)]
        if owed:
            self._spool.record(owed)
            self._committed()
        for letter in group:
            self._say(letter)
            if not isinstance(letter, DamagedMessage):
                self._remove(letter.name)
        self._add_up(group)
        return len(requests)

    def _owed(self, request: UnsubscribeRequest) -> Iterator[QueuedSuppression]:
        verdict = self._policy.decide(request.record)
        if isinstance(verdict, Suppress):
            yield self._owing.request(request.record, verdict)

    def _add_up(self, group: list[UnsubscribeMessage]) -> None:
        """At once: such mail is rare."""
        if not self._figures:
            return
        for letter in group:
            if isinstance(letter, UnsubscribeRequest):
                self._figures.request(letter.record, self._policy.decide(letter.record))
            elif isinstance(letter, AutoReply):
                self._figures.request(letter.record, Ignore(letter.reason))
        self._figures.flush(is_last=True)

    def _remove(self, name: str) -> None:
        try:
            maildrop_reader.remove_message(self._folder, name)
        except SpoolError as error:
            raise MaildropError(str(error)) from error

    def _say(self, letter: UnsubscribeMessage) -> None:
        if isinstance(letter, DamagedMessage):
            self._say_damaged(letter)
            return
        record = letter.record
        subject = record.recipient or record.subscriber.name
        if isinstance(letter, AutoReply):
            self._log.warning("automatic_mail_ignored", recipient=subject, sender=record.sender, reason=letter.reason)
        else:
            self._log.info("unsubscribe_requested", recipient=subject, sender=record.sender)

    def _say_damaged(self, letter: DamagedMessage) -> None:
        """Once, also of a letter that can't be moved aside and is met again."""
        if letter.name not in self._reported:
            self._log.warning("letter_damaged", letter=letter.name, reason=letter.reason, kept_as=letter.renamed_to)
        if not letter.renamed_to and len(self._reported) < _REMEMBERED:
            self._reported.add(letter.name)

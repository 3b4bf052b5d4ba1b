"""List-Unsubscribe mail: taken from the maildrop into the spool."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from bouncehandler.ingest.ports import IngestContext
from bouncehandler.policy import Ignore, Suppress
from bouncehandler.spool import QueuedSuppression, SpoolError
from bouncehandler.unsubscribe import maildrop_reader
from bouncehandler.unsubscribe.maildrop_reader import AutoReply, DamagedMessage, UnsubscribeMessage, UnsubscribeRequest

_BATCH = 500
"""Messages per commit."""

_MAX_REPORTED = 1000
"""Damaged messages that could not be moved aside, and are not logged again."""


class MaildropError(Exception):
    """The maildrop can't be used: the messages wait. The text is one sentence with the cause and the remedy."""


class UnsubscribeMailbox:
    """Reads a maildrop; several processes may read the same one.

    Args:
        folder: the maildrop, which need not exist.
    """

    def __init__(self, folder: Path, context: IngestContext) -> None:
        self._folder, self._context = folder, context
        self._reported: set[str] = set()

    def take(self) -> int:
        """Take every message in the maildrop; returns the number of requests.

        Raises:
            MaildropError: the folder can't be read or written.
            SpoolError: the disk failed the spool.
        """
        messages, requests = self._messages(), 0
        while batch := list(islice(messages, _BATCH)):
            requests += self._take(batch)
        return requests

    def _messages(self) -> Iterator[UnsubscribeMessage]:
        try:
            yield from maildrop_reader.read_messages(self._folder, now=self._context.clock())
        except SpoolError as error:
            raise MaildropError(str(error)) from error

    def _take(self, batch: list[UnsubscribeMessage]) -> int:
        requests = [message for message in batch if isinstance(message, UnsubscribeRequest)]
        entries = [entry for request in requests for entry in self._entries(request)]
        if entries:
            self._context.spool.record(entries)
            self._context.on_commit()
        for message in batch:
            self._log(message)
            if not isinstance(message, DamagedMessage):
                self._remove(message.name)
        self._count(batch)
        return len(requests)

    def _entries(self, request: UnsubscribeRequest) -> Iterator[QueuedSuppression]:
        verdict = self._context.policy.decide(request.record)
        if isinstance(verdict, Suppress):
            yield self._context.builder.request(request.record, verdict)

    def _count(self, batch: list[UnsubscribeMessage]) -> None:
        """Add to the statistics and write them at once, since such mail is rare."""
        if not (stats := self._context.stats):
            return
        for message in batch:
            if isinstance(message, UnsubscribeRequest):
                stats.add_request(message.record, self._context.policy.decide(message.record))
            elif isinstance(message, AutoReply):
                stats.add_request(message.record, Ignore(message.reason))
        stats.flush(is_last=True)

    def _remove(self, name: str) -> None:
        try:
            maildrop_reader.remove_message(self._folder, name)
        except SpoolError as error:
            raise MaildropError(str(error)) from error

    def _log(self, message: UnsubscribeMessage) -> None:
        if isinstance(message, DamagedMessage):
            self._log_damaged(message)
            return
        record, log = message.record, self._context.log
        subject = record.recipient or record.subscriber.name
        if isinstance(message, AutoReply):
            log.warning("automatic_mail_ignored", recipient=subject, sender=record.sender, reason=message.reason)
        else:
            log.info("unsubscribe_requested", recipient=subject, sender=record.sender)

    def _log_damaged(self, message: DamagedMessage) -> None:
        """Log a damaged message once, also one that can't be moved aside and is read again."""
        if message.name not in self._reported:
            self._context.log.warning(
                "unsubscribe_mail_damaged", file=message.name, reason=message.reason, kept_as=message.renamed_to
            )
        if not message.renamed_to and len(self._reported) < _MAX_REPORTED:
            self._reported.add(message.name)

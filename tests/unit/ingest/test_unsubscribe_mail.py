"""Messages in the maildrop go into the spool, each once, and are removed only then."""

import os
from pathlib import Path

import pytest

from bouncehandler.ingest.ports import IngestContext
from bouncehandler.ingest.suppression_builder import SuppressionBuilder
from bouncehandler.ingest.unsubscribe_mail import MaildropError, UnsubscribeMailbox
from bouncehandler.policy import Policy
from bouncehandler.routing import Routes
from bouncehandler.spool import SpoolError
from bouncehandler.unsubscribe import maildrop, maildrop_reader
from tests.fakes.adapter import KeptLog
from tests.fakes.ingest import FakeSuppressionSink

NOW = 1_767_225_600
IDS = {
    "provider": "news", "list_manager": "mailwizz", "list_id": "ab123cd456ef7", "subscriber_id": "gh890ij123kl4",
    "campaign_id": "mn567op890qr1",
}  # fmt: skip


class MaildropWithReader:
    """A maildrop and its reader."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spool, self.log = FakeSuppressionSink(), KeptLog()
        self.commits = 0
        routes = Routes({"news": [], "crm": []}, {"news": "mailwizz", "crm": "webhook"})
        context = IngestContext(
            policy=Policy(),
            builder=SuppressionBuilder(routes),
            spool=self.spool,
            log=self.log,
            clock=lambda: float(NOW),
            on_commit=self._count_commit,
        )
        self.mailbox = UnsubscribeMailbox(folder, context)

    def _count_commit(self) -> None:
        self.commits += 1

    def put(self, number: int = 0, head: bytes = b"From: ann@example.net\n", **subject: str) -> str:
        """Deliver a message, as the mail process does."""
        values = {"to": "token@u.example.com", "sender": "ann@example.net", **(subject or IDS)}
        message = maildrop.compose(values, head + b"Message-Id: <%d@x>\n" % number, received_at=NOW)
        return maildrop.deliver(str(self.folder), message, now_ns=NOW * 10**9 + number)

    @property
    def waiting(self) -> int:
        """Number of messages in the maildrop."""
        return maildrop_reader.count_messages(self.folder)


@pytest.fixture
def drop(tmp_path: Path) -> MaildropWithReader:
    """An empty maildrop."""
    return MaildropWithReader(tmp_path / "spool.maildrop")


def test_nothing_there(drop: MaildropWithReader) -> None:
    """Without a folder, and with an empty one, there is nothing to do."""
    assert drop.mailbox.take() == 0
    drop.folder.mkdir()
    assert drop.mailbox.take() == 0
    assert drop.commits == 0


def test_requests(drop: MaildropWithReader) -> None:
    """Ids go to the provider that the token named, a signed address to all; then the messages are gone."""
    drop.put(0)
    drop.put(1, recipient="bob@example.net")
    assert drop.mailbox.take() == 2
    ids, signed = drop.spool.entries
    assert (ids.suppression.subject, ids.id_providers) == ("mailwizz:ab123cd456ef7/gh890ij123kl4", ("news",))
    assert (ids.suppression.reason, ids.suppression.campaign_id) == ("unsubscribe", "mn567op890qr1")
    assert (signed.suppression.recipient, signed.providers) == ("bob@example.net", ("news", "crm"))
    assert (drop.waiting, drop.commits) == (0, 1)
    expected = [event["recipient"] for event in drop.log.named("unsubscribe_requested")]
    assert expected == [ids.suppression.subject, "bob@example.net"]


def test_many(drop: MaildropWithReader) -> None:
    """Thousands of messages are committed in groups, in the order in which they came."""
    for number in range(1200):
        drop.put(number, recipient=f"user{number}@example.net")
    assert drop.mailbox.take() == 1200
    assert drop.spool.recipients == [f"user{number}@example.net" for number in range(1200)]
    assert [len(batch) for batch in drop.spool.batches] == [500, 500, 200]


def test_stays_until_it_is_safe(drop: MaildropWithReader) -> None:
    """A message stays while the disk fails the spool, and is taken afterwards."""
    drop.put()
    drop.spool.fails = SpoolError("the disk is full")
    with pytest.raises(SpoolError, match="full"):
        drop.mailbox.take()
    assert drop.waiting == 1
    drop.spool.fails = None
    assert drop.mailbox.take() == 1
    assert drop.waiting == 0


def test_taken_twice_is_the_same_request(drop: MaildropWithReader) -> None:
    """A message that stays after its commit, since the process died, is a known record the next time."""
    name = drop.put()
    whole = (drop.folder / name).read_bytes()
    drop.mailbox.take()
    (drop.folder / name).write_bytes(whole)
    drop.mailbox.take()
    first, second = drop.spool.entries
    assert first.suppression.id == second.suppression.id


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Type: multipart/report; report-type=delivery-status\n",
        b"Auto-Submitted: auto-replied\n",
        b"From: MAILER-DAEMON@example.net\n",
        b"Precedence: bulk\n",
    ],
)
def test_automatic_mail(drop: MaildropWithReader, head: bytes) -> None:
    """An automatic answer unsubscribes no one; it is reported with its reason, and the message is gone."""
    drop.put(head=head)
    assert drop.mailbox.take() == 0
    assert (drop.spool.entries, drop.waiting, drop.commits) == ([], 0, 0)
    (event,) = drop.log.named("automatic_mail_ignored")
    assert event["reason"]


def test_damaged(drop: MaildropWithReader) -> None:
    """A file that is no message is moved aside and reported once; the others are taken."""
    name = drop.put()
    (drop.folder / name).write_bytes(b"torn")
    drop.put(1)
    assert drop.mailbox.take() == 1
    (event,) = drop.log.named("unsubscribe_mail_damaged")
    assert event["file"] == name
    assert (drop.folder / str(event["kept_as"])).read_bytes() == b"torn"
    drop.mailbox.take()
    assert len(drop.log.named("unsubscribe_mail_damaged")) == 1


def test_folder_that_is_none(drop: MaildropWithReader) -> None:
    """A folder that can't be read is an error of its own, which is no reason to end the process."""
    drop.folder.write_text("a file")
    with pytest.raises(MaildropError, match="can't be read"):
        drop.mailbox.take()


def test_message_that_can_not_be_removed(drop: MaildropWithReader, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that can't be removed is an error of the folder, too; its request is in the spool by then."""
    drop.put()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, os.strerror(1))

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(MaildropError, match="can't be removed"):
        drop.mailbox.take()
    assert len(drop.spool.entries) == 1

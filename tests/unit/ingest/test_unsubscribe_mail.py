"""Messages in the maildrop go into the spool, each once, and are removed only then."""

import os
from pathlib import Path

import pytest

from bouncehandler.ingest import IngestContext, MaildropError, SuppressionBuilder, UnsubscribeMailbox
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


class Box:
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
def box(tmp_path: Path) -> Box:
    """An empty maildrop."""
    return Box(tmp_path / "spool.maildrop")


def test_nothing_there(box: Box) -> None:
    """Without a folder, and with an empty one, there is nothing to do."""
    assert box.mailbox.take() == 0
    box.folder.mkdir()
    assert box.mailbox.take() == 0
    assert box.commits == 0


def test_requests(box: Box) -> None:
    """Ids go to the provider that the token named, a signed address to all; then the messages are gone."""
    box.put(0)
    box.put(1, recipient="bob@example.net")
    assert box.mailbox.take() == 2
    ids, signed = box.spool.entries
    assert (ids.suppression.subject, ids.id_providers) == ("mailwizz:ab123cd456ef7/gh890ij123kl4", ("news",))
    assert (ids.suppression.reason, ids.suppression.campaign_id) == ("unsubscribe", "mn567op890qr1")
    assert (signed.suppression.recipient, signed.providers) == ("bob@example.net", ("news", "crm"))
    assert (box.waiting, box.commits) == (0, 1)
    expected = [event["recipient"] for event in box.log.named("unsubscribe_requested")]
    assert expected == [ids.suppression.subject, "bob@example.net"]


def test_many(box: Box) -> None:
    """Thousands of messages are committed in groups, in the order in which they came."""
    for number in range(1200):
        box.put(number, recipient=f"user{number}@example.net")
    assert box.mailbox.take() == 1200
    assert box.spool.recipients == [f"user{number}@example.net" for number in range(1200)]
    assert [len(batch) for batch in box.spool.batches] == [500, 500, 200]


def test_stays_until_it_is_safe(box: Box) -> None:
    """A message stays while the disk fails the spool, and is taken afterwards."""
    box.put()
    box.spool.fails = SpoolError("the disk is full")
    with pytest.raises(SpoolError, match="full"):
        box.mailbox.take()
    assert box.waiting == 1
    box.spool.fails = None
    assert box.mailbox.take() == 1
    assert box.waiting == 0


def test_taken_twice_is_the_same_request(box: Box) -> None:
    """A process that dies between the commit and the removal leaves a message whose record is known already."""
    name = box.put()
    whole = (box.folder / name).read_bytes()
    box.mailbox.take()
    (box.folder / name).write_bytes(whole)
    box.mailbox.take()
    first, second = box.spool.entries
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
def test_automatic_mail(box: Box, head: bytes) -> None:
    """An automatic answer unsubscribes no one; it is reported with its reason, and the message is gone."""
    box.put(head=head)
    assert box.mailbox.take() == 0
    assert (box.spool.entries, box.waiting, box.commits) == ([], 0, 0)
    (event,) = box.log.named("automatic_mail_ignored")
    assert event["reason"]


def test_damaged(box: Box) -> None:
    """A file that is no message is moved aside and reported once; the others are taken."""
    name = box.put()
    (box.folder / name).write_bytes(b"torn")
    box.put(1)
    assert box.mailbox.take() == 1
    (event,) = box.log.named("unsubscribe_mail_damaged")
    assert event["file"] == name
    assert (box.folder / str(event["kept_as"])).read_bytes() == b"torn"
    box.mailbox.take()
    assert len(box.log.named("unsubscribe_mail_damaged")) == 1


def test_folder_that_is_none(box: Box) -> None:
    """A folder that can't be read is an error of its own, which is no reason to end the process."""
    box.folder.write_text("a file")
    with pytest.raises(MaildropError, match="can't be read"):
        box.mailbox.take()


def test_letter_that_can_not_be_removed(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an error of the folder, too; the request is in the spool by then."""
    box.put()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, os.strerror(1))

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(MaildropError, match="can't be removed"):
        box.mailbox.take()
    assert len(box.spool.entries) == 1

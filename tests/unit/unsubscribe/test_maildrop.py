"""The maildrop: messages are whole or absent, are read oldest first, and carry the decision."""

import os
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import pytest

from bouncehandler.record import ListUnsubscribe, Subscriber
from bouncehandler.spool import SpoolError
from bouncehandler.unsubscribe.maildrop import MAX_HEAD, compose, create, deliver, folder_beside
from bouncehandler.unsubscribe.maildrop_reader import (
    DamagedMessage,
    UnsubscribeMessage,
    UnsubscribeRequest,
    count_messages,
    read_messages,
    remove_message,
)

SECOND = 1_000_000_000
NOW = 1_700_000_000
PERSON: Mapping[str, str] = MappingProxyType({"recipient": "jane@example.com"})
IDS = {
    "provider": "news",
    "list_manager": "mailwizz",
    "list_id": "ab123",
    "subscriber_id": "cd456",
    "campaign_id": "ef789",
}


def put(
    folder: Path,
    head: bytes = b"",
    sender: str = "joe@example.com",
    at: int = NOW,
    subject: Mapping[str, str] = PERSON,
) -> str:
    """Post a message; returns its name."""
    values = {"to": "token@unsubscribe.example.com", "sender": sender, **subject}
    return deliver(str(folder), compose(values, head, received_at=at), now_ns=at * SECOND)


def only(folder: Path) -> UnsubscribeMessage:
    """The only message there."""
    (message,) = read_messages(folder, now=NOW)
    return message


def test_a_message_carries_the_decision(tmp_path: Path) -> None:
    """Time, address, sender, person and the mail's own headers come out as they went in."""
    head = b"Subject: =?utf-8?q?Los_=E2=9C=93?=\r\nFrom: Joe <joe@example.com>\r\nX-Else: 1\r\nMessage-Id: <1@x>\r\n"
    name = put(tmp_path / "maildrop", head, subject=IDS)
    assert only(tmp_path / "maildrop") == UnsubscribeRequest(
        name,
        ListUnsubscribe(
            address="token@unsubscribe.example.com",
            received_at=datetime.fromtimestamp(NOW, UTC),
            subscriber=Subscriber("mailwizz", "ab123", "cd456", "ef789"),
            provider="news",
            sender="joe@example.com",
            headers=(
                ("Subject", "Los \u2713"),
                ("From", "Joe <joe@example.com>"),
                ("Message-Id", "<1@x>"),
            ),
        ),
    )


def test_a_signed_address_comes_out_as_the_recipient(tmp_path: Path) -> None:
    """The person of a signed token is the recipient, with neither ids nor provider."""
    put(tmp_path)
    message = only(tmp_path)
    assert isinstance(message, UnsubscribeRequest)
    assert (message.record.recipient, message.record.subscriber, message.record.provider) == (
        "jane@example.com", Subscriber(), "",
    )  # fmt: skip


def test_messages_are_read_oldest_first_and_stay_until_removed(tmp_path: Path) -> None:
    """Reading alone removes nothing; a removed message is not read again, and removing twice is no error."""
    names = [put(tmp_path, at=at) for at in (NOW + 5, NOW, NOW + 10)]
    assert count_messages(tmp_path) == 3
    assert [message.name for message in read_messages(tmp_path, now=NOW)] == [names[1], names[0], names[2]]
    for _ in range(2):
        remove_message(tmp_path, names[0])
    assert [message.name for message in read_messages(tmp_path, now=NOW)] == [names[1], names[2]]
    assert count_messages(tmp_path) == 2


def test_two_readers_at_the_same_time(tmp_path: Path) -> None:
    """A message that another process removes meanwhile is passed over; one that both get has one id."""
    for at in range(3):
        put(tmp_path, at=NOW + at)
    mine, theirs = read_messages(tmp_path, now=NOW), list(read_messages(tmp_path, now=NOW))
    first = next(mine)
    assert isinstance(first, UnsubscribeRequest)
    assert isinstance(theirs[0], UnsubscribeRequest)
    assert first.record.id == theirs[0].record.id
    remove_message(tmp_path, theirs[1].name)
    assert [message.name for message in mine] == [theirs[2].name]


def test_no_folder_is_an_empty_maildrop(tmp_path: Path) -> None:
    """Before the first mail there is nothing, which is no error."""
    assert list(read_messages(tmp_path / "none", now=NOW)) == []
    assert count_messages(tmp_path / "none") == 0


def test_a_folder_that_can_not_be_read_is_reported(tmp_path: Path) -> None:
    """A file where the folder should be is an error with a sentence, for taking and for counting."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolError, match=r"can't be read .Not a directory."):
        list(read_messages(tmp_path / "file", now=NOW))
    with pytest.raises(SpoolError, match="can't be read"):
        count_messages(tmp_path / "file")
    with pytest.raises(SpoolError, match="can't be removed"):
        remove_message(tmp_path / "file", "x.message")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_no_other_user_reads_messages(tmp_path: Path, umask: int) -> None:
    """The folder, its created parents, and each message are the user's alone, for any umask."""
    before = os.umask(umask)
    try:
        name = put(tmp_path / "state" / "spool.maildrop")
    finally:
        os.umask(before)
    folder = tmp_path / "state" / "spool.maildrop"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder.parent, folder, folder / name)] == [
        0o700, 0o700, 0o600,
    ]  # fmt: skip


def test_what_root_makes_belongs_to_the_owner_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message written by root for a test can be read by PowerMTA's user."""
    given: list[tuple[object, int, int]] = []
    owner = SimpleNamespace(st_uid=1234, st_gid=1235, st_mode=stat.S_IFDIR)
    look = os.stat
    with monkeypatch.context() as patched:
        patched.setattr(os, "geteuid", lambda: 0)
        patched.setattr(os, "stat", lambda path, **more: owner if path == str(tmp_path) else look(path, **more))
        patched.setattr(os, "fstat", lambda _: owner)
        patched.setattr(os, "chown", lambda path, user, group: given.append((path, user, group)))
        patched.setattr(os, "fchown", lambda _, user, group: given.append(("message", user, group)))
        put(tmp_path / "spool.maildrop")
    assert given == [(str(tmp_path / "spool.maildrop"), 1234, 1235), ("message", 1234, 1235)]


def test_a_message_that_can_not_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk raises, and no half of a message stays."""
    create(str(tmp_path / "maildrop"))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        put(tmp_path / "maildrop")
    assert list((tmp_path / "maildrop").iterdir()) == []


def test_the_folder_of_a_spool() -> None:
    """The folder lies beside the spool, named after it."""
    assert folder_beside("/var/lib/bouncehandler/spool.db") == "/var/lib/bouncehandler/spool.maildrop"
    assert folder_beside("/var/lib/b.d/spool") == "/var/lib/b.d/spool.maildrop"


def test_values_stay_on_their_line(tmp_path: Path) -> None:
    """Nothing in an address or a sender can become another value of the message."""
    hostile = "x\nrecipient: victim@example.com\r\u2028\x00\udcff@example.com"
    values = {"to": hostile, "sender": hostile, **PERSON}
    deliver(str(tmp_path), compose(values, b"", received_at=NOW), now_ns=NOW)
    message = only(tmp_path)
    assert isinstance(message, UnsubscribeRequest)
    assert message.record.recipient == "jane@example.com"
    assert message.record.address.isprintable()
    assert "\n" not in message.record.sender


def _whole() -> bytes:
    return compose({"to": "t@x", "sender": "", **IDS}, b"Subject: x\n", received_at=NOW)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "does not begin"),
        (b"\0" * 4096, "does not begin"),
        (b"\xff\xfe", "not UTF-8"),
        (_whole()[:-1], "not whole"),
        (_whole()[:40], "not whole"),
        (_whole() + b"x", "not whole"),
        (_whole().replace(b"received: 17", b"received: x"), "no time of receipt"),
        (_whole().replace(b"received: 17", b"received: 99999"), "no time of receipt"),
        (_whole().replace(b"list_id: ab123", b"list_id: ../x"), "neither a recipient nor ids"),
        (_whole().replace(b"provider: news\n", b""), "neither a recipient nor ids"),
        (_whole().replace(b"provider:", b"recipient: x\nprovider:"), "no mail address"),
        (b"x" * 200_000, "longer than a message"),
    ],
)
def test_a_damaged_message_is_renamed(tmp_path: Path, data: bytes, reason: str) -> None:
    """A torn or foreign file is reported once, kept under another name, and stops no other message."""
    (tmp_path / "0-1-a.message").write_bytes(data)
    name = put(tmp_path)
    damaged, good = read_messages(tmp_path, now=NOW)
    assert isinstance(damaged, DamagedMessage)
    assert reason in damaged.reason
    assert (tmp_path / damaged.renamed_to).read_bytes() == data
    assert isinstance(good, UnsubscribeRequest)
    assert [message.name for message in read_messages(tmp_path, now=NOW)] == [name]
    assert count_messages(tmp_path) == 1


@pytest.mark.parametrize("kind", ["folder", "fifo", "link"])
def test_what_is_no_regular_file_is_renamed(tmp_path: Path, kind: str) -> None:
    """A folder, a pipe without a writer or a link is never opened."""
    path = tmp_path / "0.message"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/etc/passwd")
    message = only(tmp_path)
    assert message == DamagedMessage("0.message", "is not a regular file", "0.message.damaged")


def test_what_a_killed_writer_left_is_cleared_after_an_hour(tmp_path: Path) -> None:
    """A temporary file is no message; an old one goes, a young one may still be written."""
    old, young = tmp_path / ".1.tmp", tmp_path / ".2.tmp"
    for file, age in ((old, 3601), (young, 3599)):
        file.write_bytes(b"half")
        os.utime(file, (NOW - age, NOW - age))
    assert list(read_messages(tmp_path, now=NOW)) == []
    assert (old.exists(), young.exists()) == (False, True)
    assert count_messages(tmp_path) == 0


def test_only_so_much_of_a_head_is_kept(tmp_path: Path) -> None:
    """A head of any length makes a message of a bounded one, which can be read."""
    put(tmp_path, b"Subject: x\nX: " + b"y" * 10_000_000)
    message = only(tmp_path)
    assert isinstance(message, UnsubscribeRequest)
    assert (tmp_path / message.name).stat().st_size < MAX_HEAD + 1000

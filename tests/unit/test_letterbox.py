"""The letterbox: letters are whole or absent, come out oldest first, and say what was decided."""

import os
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import pytest

from bouncehandler.record import ListUnsubscribe, Subscriber
from bouncehandler.spool import SpoolError
from bouncehandler.unsubscribe.maildrop import LONGEST_HEAD, compose, create, folder_beside, post
from bouncehandler.unsubscribe.maildrop_reader import Damaged, Request, UnsubscribeMessage, count, remove, take

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
    """Post a letter; returns its name."""
    values = {"to": "token@unsubscribe.example.com", "sender": sender, **subject}
    return post(str(folder), compose(values, head, received_at=at), now_ns=at * SECOND)


def only(folder: Path) -> UnsubscribeMessage:
    """The one letter there."""
    (letter,) = take(folder, now=NOW)
    return letter


def test_a_letter_says_what_was_decided(tmp_path: Path) -> None:
    """Time, address, sender, person and the mail's own headers come out as they went in."""
    head = b"Subject: =?utf-8?q?Los_=E2=9C=93?=\r\nFrom: Joe <joe@example.com>\r\nX-Else: 1\r\nMessage-Id: <1@x>\r\n"
    name = put(tmp_path / "letters", head, subject=IDS)
    assert only(tmp_path / "letters") == Request(
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
    letter = only(tmp_path)
    assert isinstance(letter, Request)
    assert (letter.record.recipient, letter.record.subscriber, letter.record.provider) == (
        "jane@example.com", Subscriber(), "",
    )  # fmt: skip


def test_letters_come_oldest_first_and_stay_until_removed(tmp_path: Path) -> None:
    """Reading alone removes nothing; what was removed is not read again, and removing twice is no error."""
    names = [put(tmp_path, at=at) for at in (NOW + 5, NOW, NOW + 10)]
    assert count(tmp_path) == 3
    assert [letter.name for letter in take(tmp_path, now=NOW)] == [names[1], names[0], names[2]]
    for _ in range(2):
        remove(tmp_path, names[0])
    assert [letter.name for letter in take(tmp_path, now=NOW)] == [names[1], names[2]]
    assert count(tmp_path) == 2


def test_two_take_letters_at_the_same_time(tmp_path: Path) -> None:
    """A letter that another process removes meanwhile is passed over; one that both get has one id."""
    for at in range(3):
        put(tmp_path, at=NOW + at)
    mine, theirs = take(tmp_path, now=NOW), list(take(tmp_path, now=NOW))
    first = next(mine)
    assert isinstance(first, Request)
    assert isinstance(theirs[0], Request)
    assert first.record.id == theirs[0].record.id
    remove(tmp_path, theirs[1].name)
    assert [letter.name for letter in mine] == [theirs[2].name]


def test_no_folder_is_an_empty_letterbox(tmp_path: Path) -> None:
    """Before the first mail there is nothing, which is no error."""
    assert list(take(tmp_path / "none", now=NOW)) == []
    assert count(tmp_path / "none") == 0


def test_a_folder_that_can_not_be_read_is_said(tmp_path: Path) -> None:
    """A file where the folder should be is an error with a sentence, for taking and for counting."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolError, match=r"can't be read .Not a directory."):
        list(take(tmp_path / "file", now=NOW))
    with pytest.raises(SpoolError, match="can't be read"):
        count(tmp_path / "file")
    with pytest.raises(SpoolError, match="can't be removed"):
        remove(tmp_path / "file", "x.letter")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_nobody_else_reads_letters(tmp_path: Path, umask: int) -> None:
    """The folder, the ones around it that were missing, and each letter are the user's alone, whatever the umask."""
    before = os.umask(umask)
    try:
        name = put(tmp_path / "state" / "spool.letters")
    finally:
        os.umask(before)
    folder = tmp_path / "state" / "spool.letters"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder.parent, folder, folder / name)] == [
        0o700, 0o700, 0o600,
    ]  # fmt: skip


def test_what_root_makes_belongs_to_whom_the_folder_belongs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A letter that an operator's trial as root leaves can be read by PowerMTA's user."""
    given: list[tuple[object, int, int]] = []
    owner = SimpleNamespace(st_uid=1234, st_gid=1235, st_mode=stat.S_IFDIR)
    look = os.stat
    with monkeypatch.context() as patched:
        patched.setattr(os, "geteuid", lambda: 0)
        patched.setattr(os, "stat", lambda path, **more: owner if path == str(tmp_path) else look(path, **more))
        patched.setattr(os, "fstat", lambda _: owner)
        patched.setattr(os, "chown", lambda path, user, group: given.append((path, user, group)))
        patched.setattr(os, "fchown", lambda _, user, group: given.append(("letter", user, group)))
        put(tmp_path / "spool.letters")
    assert given == [(str(tmp_path / "spool.letters"), 1234, 1235), ("letter", 1234, 1235)]


def test_a_letter_that_can_not_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk is full the caller hears it, and no half of a letter stays."""
    create(str(tmp_path / "letters"))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        put(tmp_path / "letters")
    assert list((tmp_path / "letters").iterdir()) == []


def test_where_the_letters_are() -> None:
    """The folder lies beside the spool, named after it."""
    assert folder_beside("/var/lib/bouncehandler/spool.db") == "/var/lib/bouncehandler/spool.letters"
    assert folder_beside("/var/lib/b.d/spool") == "/var/lib/b.d/spool.letters"


def test_values_stay_on_their_line(tmp_path: Path) -> None:
    """Nothing in an address or a sender can become another value of the letter."""
    hostile = "x\nrecipient: victim@example.com\r\u2028\x00\udcff@example.com"
    values = {"to": hostile, "sender": hostile, **PERSON}
    post(str(tmp_path), compose(values, b"", received_at=NOW), now_ns=NOW)
    letter = only(tmp_path)
    assert isinstance(letter, Request)
    assert letter.record.recipient == "jane@example.com"
    assert letter.record.address.isprintable()
    assert "\n" not in letter.record.sender


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
        (_whole().replace(b"received: 17", b"received: x"), "does not say when"),
        (_whole().replace(b"received: 17", b"received: 99999"), "does not say when"),
        (_whole().replace(b"list_id: ab123", b"list_id: ../x"), "names nobody"),
        (_whole().replace(b"provider: news\n", b""), "names nobody"),
        (_whole().replace(b"provider:", b"recipient: x\nprovider:"), "no mail address"),
        (b"x" * 200_000, "longer than a letter"),
    ],
)
def test_a_damaged_letter_is_moved_aside(tmp_path: Path, data: bytes, reason: str) -> None:
    """What is torn or foreign is told once, kept under another name, and stops no other letter."""
    (tmp_path / "0-1-a.letter").write_bytes(data)
    name = put(tmp_path)
    damaged, good = take(tmp_path, now=NOW)
    assert isinstance(damaged, Damaged)
    assert reason in damaged.reason
    assert (tmp_path / damaged.aside).read_bytes() == data
    assert isinstance(good, Request)
    assert [letter.name for letter in take(tmp_path, now=NOW)] == [name]
    assert count(tmp_path) == 1


@pytest.mark.parametrize("kind", ["folder", "fifo", "link"])
def test_what_is_no_file_is_moved_aside(tmp_path: Path, kind: str) -> None:
    """A folder, a pipe that nobody writes or a link is never opened."""
    path = tmp_path / "0.letter"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/etc/passwd")
    letter = only(tmp_path)
    assert letter == Damaged("0.letter", "is not a regular file", "0.letter.damaged")


def test_what_a_killed_writer_left_is_cleared_after_an_hour(tmp_path: Path) -> None:
    """A temporary file is no letter; an old one goes, a young one may still be written."""
    old, young = tmp_path / ".1.tmp", tmp_path / ".2.tmp"
    for file, age in ((old, 3601), (young, 3599)):
        file.write_bytes(b"half")
        os.utime(file, (NOW - age, NOW - age))
    assert list(take(tmp_path, now=NOW)) == []
    assert (old.exists(), young.exists()) == (False, True)
    assert count(tmp_path) == 0


def test_only_so_much_of_a_head_is_kept(tmp_path: Path) -> None:
    """A head of any length makes a letter of a bounded one, which can be read."""
    put(tmp_path, b"Subject: x\nX: " + b"y" * 10_000_000)
    letter = only(tmp_path)
    assert isinstance(letter, Request)
    assert (tmp_path / letter.name).stat().st_size < LONGEST_HEAD + 1000

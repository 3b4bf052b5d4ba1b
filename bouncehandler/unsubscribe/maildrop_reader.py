"""The reading half of the letterbox: letters, oldest first, as requests, as automatic mail, or as damaged.

Two processes may take letters at the same time: both may then get the same one, whose record has the same id.
"""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from bouncehandler.record import ListUnsubscribe, Subscriber, parse_address
from bouncehandler.spool import SpoolError
from bouncehandler.unsubscribe.auto_reply import judge
from bouncehandler.unsubscribe.maildrop import FIRST_LINE, LONGEST_HEAD, SUFFIX, TEMPORARY

_LONGEST = LONGEST_HEAD + 65_536
"""Bytes of a letter; no value that `compose` writes brings it there."""
_ABANDONED = 3600
"""Seconds after which a temporary file's writer is gone."""
_LAST_SECOND = 253_402_300_799  # of the year 9999
_NUMBER = re.compile(r"[0-9]{1,12}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9]{1,64}")


class Request(NamedTuple):
    """Somebody asks to be taken off."""

    name: str
    """The letter's, for `remove`."""
    record: ListUnsubscribe


class Automatic(NamedTuple):
    """A machine's answer, which unsubscribes nobody."""

    name: str
    record: ListUnsubscribe
    """What it would be, if somebody had written it."""
    reason: str
    """A few words, from a closed set but for header values cut short."""


class Damaged(NamedTuple):
    """A file that is no letter, or a letter that can't be read."""

    name: str
    reason: str
    aside: str
    """The name that it has now, under which it is not read again; empty where it could not be moved."""


UnsubscribeMessage = Request | Automatic | Damaged


def take(folder: Path, *, now: float) -> Iterator[UnsubscribeMessage]:
    """The letters that lie in the folder, oldest first; none where there is no folder.

    A letter stays until `remove`; a damaged one is moved aside before it is told. What a killed writer left behind
    more than an hour ago is cleared away.

    Raises:
        SpoolError: the folder can't be read.
    """
    names = _names(folder)
    for name in names:
        if name.startswith(".") and name.endswith(TEMPORARY):
            _clear(folder / name, now)
    for name in sorted(name for name in names if _is_letter(name)):
        try:
            values, head = _parts(_read(folder / name))
            letter: UnsubscribeMessage = _letter(name, values, head)
        except FileNotFoundError:  # the other process has taken it
            continue
        except OSError as error:
            letter = Damaged(name, f"can't be read ({error.strerror}): give it to the user who reads letters", "")
        except ValueError as error:
            letter = Damaged(name, str(error), _move_aside(folder, name))
        yield letter


def remove(folder: Path, name: str) -> None:
    """Remove a letter, now that the spool has it; another process may have been faster.

    Raises:
        SpoolError: the folder can't be written.
    """
    try:
        (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise SpoolError(
            f"the letter {folder / name} can't be removed ({error.strerror}): let this user write its folder"
        ) from None


def count(folder: Path) -> int:
    """How many letters wait; 0 where there is no folder.

    Raises:
        SpoolError: the folder can't be read.
    """
    return sum(map(_is_letter, _names(folder)))


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208  # names, of which there may be many
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SpoolError(
            f"the letters in {folder} can't be read ({error.strerror}): let this user read the folder"
        ) from None


def _is_letter(name: str) -> bool:
    return name.endswith(SUFFIX) and not name.startswith(".")


def _clear(file: Path, now: float) -> None:
    with suppress(OSError):  # another process did, or nobody may
        if now - file.stat(follow_symlinks=False).st_mtime > _ABANDONED:
            file.unlink()


def _read(file: Path) -> bytes:
    """The whole letter.

    Raises:
        OSError: it can't be read.
        ValueError: it can't be a letter.
    """
    if not stat.S_ISREG(file.lstat().st_mode):
        raise ValueError("is not a regular file")
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        data = stream.read(_LONGEST + 1)
    if len(data) > _LONGEST:
        raise ValueError(f"is longer than a letter, {_LONGEST} bytes")
    return data


def _parts(data: bytes) -> tuple[dict[str, str], bytes]:
    """The values and the head of the mail.

    Raises:
        ValueError: it is none of our letters, or not all of one.
    """
    top, end, head = data.partition(b"\n\n")
    try:
        first, *lines = top.decode().split("\n")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text") from None
    if first != FIRST_LINE:
        raise ValueError(f"does not begin with the line {FIRST_LINE!r}")
    values = {name: value for name, _, value in (line.partition(": ") for line in lines)}
    if not end or values.get("head") != str(len(head)):
        raise ValueError("is not whole")
    return values, head


def _letter(name: str, values: dict[str, str], head: bytes) -> Request | Automatic:
    """What the letter says.

    Raises:
        ValueError: it doesn't say when, or of whom.
    """
    received = values.get("received", "")
    if not _NUMBER.fullmatch(received) or int(received) > _LAST_SECOND:
        raise ValueError("does not say when the mail came")
    mail = judge(head, values.get("sender", ""))
    recipient, subscriber = _person(values)
    record = ListUnsubscribe(
        address=values.get("to", ""),
        received_at=datetime.fromtimestamp(int(received), UTC),
        recipient=recipient,
        subscriber=subscriber,
        provider="" if recipient else values["provider"],
        sender=mail.sender,
        headers=mail.headers,
    )
    return Automatic(name, record, mail.automatic) if mail.automatic else Request(name, record)


def _person(values: dict[str, str]) -> tuple[str, Subscriber]:
    """Whom the token named, by address or by ids.

    Raises:
        ValueError: it named nobody.
    """
    if written := values.get("recipient"):
        recipient = parse_address(written)
        if recipient is None:
            raise ValueError("names a recipient that is no mail address")
        return recipient, Subscriber()
    fields = ("list_manager", "list_id", "subscriber_id", "campaign_id")
    subscriber = Subscriber(*(values.get(field, "") for field in fields))
    ids = [subscriber.list_id, subscriber.subscriber_id, subscriber.campaign_id or "0"]
    if not (subscriber.list_manager and values.get("provider") and all(map(_ID.fullmatch, ids))):
        raise ValueError("names nobody")
    return "", subscriber


def _move_aside(folder: Path, name: str) -> str:
    """Rename a damaged letter, and return its new name; empty where that fails."""
    aside = f"{name}.damaged"
    try:
        (folder / name).rename(folder / aside)
    except OSError:
        return ""
    return aside

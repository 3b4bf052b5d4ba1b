"""Reads the maildrop: its messages, oldest first, as requests, auto-replies or damaged files.

Two processes may read it at the same time; both may then get the same message, whose record has the same id.
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
from bouncehandler.unsubscribe.maildrop import FIRST_LINE, MAX_HEAD, SUFFIX, TEMPORARY

_MAX_SIZE = MAX_HEAD + 65_536
"""Bytes of a file; more than `maildrop.compose` ever writes."""
_ABANDONED = 3600
"""Seconds after which a temporary file is taken for abandoned."""
_LAST_SECOND = 253_402_300_799  # of the year 9999
_NUMBER = re.compile(r"[0-9]{1,12}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9]{1,64}")


class UnsubscribeRequest(NamedTuple):
    """A request to unsubscribe."""

    name: str
    """Of the file, for `remove_message`."""
    record: ListUnsubscribe


class AutoReply(NamedTuple):
    """An automatic mail, which is no request to unsubscribe."""

    name: str
    record: ListUnsubscribe
    """The request that it would be, had a person sent it."""
    reason: str
    """A few words, from a closed set but for header values cut short."""


class DamagedMessage(NamedTuple):
    """A file that can't be read, or has another content."""

    name: str
    reason: str
    renamed_to: str
    """Its new name, under which it is not read again; empty where renaming failed."""


UnsubscribeMessage = UnsubscribeRequest | AutoReply | DamagedMessage


def read_messages(folder: Path, *, now: float) -> Iterator[UnsubscribeMessage]:
    """Read the messages in the folder, oldest first; none where there is no folder.

    A message stays until `remove_message`; a damaged one is renamed. Temporary files that are older than an hour are
    deleted, since their writers were killed.

    Raises:
        SpoolError: the folder can't be read.
    """
    names = _names(folder)
    for name in names:
        if name.startswith(".") and name.endswith(TEMPORARY):
            _delete_abandoned(folder / name, now)
    for name in sorted(name for name in names if _is_message(name)):
        try:
            values, head = _parts(_read(folder / name))
            message: UnsubscribeMessage = _message(name, values, head)
        except FileNotFoundError:  # another process has removed it
            continue
        except OSError as error:
            message = DamagedMessage(name, f"can't be read ({error.strerror}): change its owner to this user", "")
        except ValueError as error:
            message = DamagedMessage(name, str(error), _rename(folder, name))
        yield message


def remove_message(folder: Path, name: str) -> None:
    """Remove a message that the spool has recorded; it may be gone already.

    Raises:
        SpoolError: the folder can't be written.
    """
    try:
        (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise SpoolError(
            f"the message {folder / name} can't be removed ({error.strerror}): let this user write its folder"
        ) from None


def count_messages(folder: Path) -> int:
    """Count the messages in the folder; 0 where there is no folder.

    Raises:
        SpoolError: the folder can't be read.
    """
    return sum(map(_is_message, _names(folder)))


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208  # names, of which there may be many
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SpoolError(
            f"the maildrop {folder} can't be read ({error.strerror}): let this user read the folder"
        ) from None


def _is_message(name: str) -> bool:
    return name.endswith(SUFFIX) and not name.startswith(".")


def _delete_abandoned(file: Path, now: float) -> None:
    with suppress(OSError):  # another process did, or the rights are missing
        if now - file.stat(follow_symlinks=False).st_mtime > _ABANDONED:
            file.unlink()


def _read(file: Path) -> bytes:
    """Read a whole file.

    Raises:
        OSError: it can't be read.
        ValueError: it is no regular file, or too long.
    """
    if not stat.S_ISREG(file.lstat().st_mode):
        raise ValueError("is not a regular file")
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        data = stream.read(_MAX_SIZE + 1)
    if len(data) > _MAX_SIZE:
        raise ValueError(f"is longer than a message, {_MAX_SIZE} bytes")
    return data


def _parts(data: bytes) -> tuple[dict[str, str], bytes]:
    """Parse the values and the head of the mail.

    Raises:
        ValueError: the content has another format, or is not whole.
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


def _message(name: str, values: dict[str, str], head: bytes) -> UnsubscribeRequest | AutoReply:
    """Build the request or auto-reply of a file.

    Raises:
        ValueError: time or person are missing or invalid.
    """
    received = values.get("received", "")
    if not _NUMBER.fullmatch(received) or int(received) > _LAST_SECOND:
        raise ValueError("has no time of receipt")
    from bouncehandler.unsubscribe.auto_reply import examine_head  # noqa: PLC0415  # imports email, for the first mail

    mail = examine_head(head, values.get("sender", ""))
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
    return AutoReply(name, record, mail.auto_reply) if mail.auto_reply else UnsubscribeRequest(name, record)


def _person(values: dict[str, str]) -> tuple[str, Subscriber]:
    """Return the person that the token identified, by address or by ids.

    Raises:
        ValueError: neither is valid.
    """
    if written := values.get("recipient"):
        recipient = parse_address(written)
        if recipient is None:
            raise ValueError("has a recipient that is no mail address")
        return recipient, Subscriber()
    fields = ("list_manager", "list_id", "subscriber_id", "campaign_id")
    subscriber = Subscriber(*(values.get(field, "") for field in fields))
    ids = [subscriber.list_id, subscriber.subscriber_id, subscriber.campaign_id or "0"]
    if not (subscriber.list_manager and values.get("provider") and all(map(_ID.fullmatch, ids))):
        raise ValueError("has neither a recipient nor ids")
    return "", subscriber


def _rename(folder: Path, name: str) -> str:
    """Rename a damaged file, and return its new name; empty where that fails."""
    renamed_to = f"{name}.damaged"
    try:
        (folder / name).rename(folder / renamed_to)
    except OSError:
        return ""
    return renamed_to

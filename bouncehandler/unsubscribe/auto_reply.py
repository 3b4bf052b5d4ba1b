"""Detects auto-replies by the head of the mail, and reads the headers that a notice shows."""

import re
from email.errors import HeaderParseError
from email.header import decode_header
from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import NamedTuple

from bouncehandler.record import Headers, parse_address

_SHOWN = ("Subject", "From", "Date", "Message-Id")
_MAX_SHOWN = 500
"""Characters of a header that are shown."""
_MAX_READ = 4096
"""Characters of a header that are read."""
_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})
_RESPONDERS = ("x-autoreply", "x-autorespond", "x-auto-reply", "x-vacation", "x-failed-recipients")
_DAEMON = "mailer-daemon"
_IMPERSONAL = frozenset({"", _DAEMON, "postmaster"})
"""Local parts of programs and roles; empty for the null sender (RFC 5321 4.5.5)."""

_BRACKETED = re.compile(r"<([^<>]*)>")
_COMMENT = re.compile(r"\([^()]*\)")
_BETWEEN = re.compile(r"[\s,;]+")


class MailHead(NamedTuple):
    """Sender and headers of a mail, and whether it is an auto-reply."""

    sender: str
    """The envelope sender, or the person in From where that is a program."""
    headers: Headers
    auto_reply: str
    """Why it is an auto-reply; empty for a mail of a person."""


def examine_head(head: bytes, sender: str) -> MailHead:
    """Examine the head of a mail, however malformed, and its envelope sender."""
    fields = _fields(head)
    headers = tuple((name, text) for name in _SHOWN if (text := _decoded(fields.get(name.lower(), [""])[0])))
    envelope = sender.strip("<> ")
    person = _person(fields.get("from", [""])[0])
    if _local(envelope) in _IMPERSONAL:
        envelope = person
    return MailHead(envelope, headers, _auto_reply(fields, dict(headers).get("Subject", ""), envelope))


def _auto_reply(fields: dict[str, list[str]], subject: str, sender: str) -> str:
    """Return why the mail is an auto-reply, in a few words; empty where it is none."""
    if any(_word(value) == "multipart/report" for value in fields.get("content-type", ())):
        return "a delivery report (multipart/report)"
    for value in map(_word, fields.get("auto-submitted", ())):  # RFC 3834 5
        # Set also by mail clients that unsubscribe for their users.
        if value != "no" and not (value == "auto-generated" and subject.strip().lower() == "unsubscribe"):
            return f"Auto-Submitted: {_decoded(value)[:40]}"
    for name in _RESPONDERS:
        if name in fields:
            return f"an automatic answer ({name})"
    for value in map(_word, fields.get("precedence", ())):
        if value in _BULK:
            return f"Precedence: {value}"
    if any(_DAEMON in map(_local, _addresses(value)) for value in fields.get("from", ())):
        return "from a mailer-daemon"
    return "" if sender else "no sender, and no person in From"


def _fields(head: bytes) -> dict[str, list[str]]:
    """Header values by name in lower case: cut, each on one line, not decoded."""
    found: dict[str, list[str]] = {}
    for name, value in BytesHeaderParser(policy=compat32).parsebytes(head).raw_items():
        found.setdefault(name.strip().lower(), []).append(" ".join(str(value)[:_MAX_READ].split()))
    return found


def _word(value: str) -> str:
    """Strip parameters and comments (RFC 2045 5.1)."""
    return re.split(r"[;(]", value, maxsplit=1)[0].strip().lower()


def _decoded(value: str) -> str:
    """Decode encoded words (RFC 2047); the value on one line, cut."""
    try:
        parts = decode_header(value.encode("ascii", "surrogateescape").decode("utf-8", "replace"))
        text = "".join(part if isinstance(part, str) else _text(part, charset) for part, charset in parts)
    except (HeaderParseError, ValueError):
        text = value
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return text[:_MAX_SHOWN]


def _text(part: bytes, charset: str | None) -> str:
    try:
        return part.decode(charset or "raw-unicode-escape", "replace")  # the encoding of decode_header for plain parts
    except (LookupError, ValueError, ArithmeticError):  # an unknown character set, or one that is not for text
        return part.decode("utf-8", "replace")


def _person(value: str) -> str:
    """Return the first address of a person in a From header; empty where there is none."""
    return next((address for address in _addresses(value) if _local(address) not in _IMPERSONAL), "")


def _addresses(value: str) -> list[str]:
    text = value.encode("ascii", "surrogateescape").decode("utf-8", "replace")
    written = _BRACKETED.findall(text) or _BETWEEN.split(_COMMENT.sub(" ", text))
    return [address for one in written if (address := parse_address(one))]


def _local(address: str) -> str:
    return address.rpartition("@")[0].lower() if "@" in address else address.lower()

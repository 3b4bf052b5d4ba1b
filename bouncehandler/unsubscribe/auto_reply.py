"""Tells a request from a machine's answer, by the head of the mail, and reads from it what a notice repeats."""

import re
from email.errors import HeaderParseError
from email.header import decode_header
from email.parser import BytesHeaderParser
from email.policy import compat32
from typing import NamedTuple

from bouncehandler.record import Headers, parse_address

_TOLD = ("Subject", "From", "Date", "Message-Id")
_LONGEST = 500
"""Characters of a header that are told."""
_READ = 4096
"""Characters of a header that are looked at."""
_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})
_RESPONDERS = ("x-autoreply", "x-autorespond", "x-auto-reply", "x-vacation", "x-failed-recipients")
_DAEMON = "mailer-daemon"
_NOBODY = frozenset({"", _DAEMON, "postmaster"})
"""Local parts behind which there is no person; empty for the null sender (RFC 5321 4.5.5)."""

_BRACKETED = re.compile(r"<([^<>]*)>")
_COMMENT = re.compile(r"\([^()]*\)")
_BETWEEN = re.compile(r"[\s,;]+")


class Mail(NamedTuple):
    """What the head says."""

    sender: str
    """The envelope sender, or who stands in From where nobody is behind that."""
    headers: Headers
    automatic: str
    """Why it is a machine's answer; empty where somebody wrote it."""


def judge(head: bytes, sender: str) -> Mail:
    """Read the head of a mail, whatever it is, with the envelope sender that it came from."""
    fields = _fields(head)
    headers = tuple((name, text) for name in _TOLD if (text := _decoded(fields.get(name.lower(), [""])[0])))
    envelope = sender.strip("<> ")
    subject = _person(fields.get("from", [""])[0])
    if _local(envelope) in _NOBODY:
        envelope = subject
    return Mail(envelope, headers, _automatic(fields, dict(headers).get("Subject", ""), envelope))


def _automatic(fields: dict[str, list[str]], subject: str, sender: str) -> str:
    """Why the mail is a machine's, in a few words; empty where it isn't."""
    if any(_word(value) == "multipart/report" for value in fields.get("content-type", ())):
        return "a delivery report (multipart/report)"
    for value in map(_word, fields.get("auto-submitted", ())):  # RFC 3834 5
        # Mail clients that unsubscribe for their users say so, too.
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
    return "" if sender else "no sender, and nobody in From"


def _fields(head: bytes) -> dict[str, list[str]]:
    """Every header by its name in lower case: the beginnings of its values, each on one line, not decoded."""
    found: dict[str, list[str]] = {}
    for name, value in BytesHeaderParser(policy=compat32).parsebytes(head).raw_items():
        found.setdefault(name.strip().lower(), []).append(" ".join(str(value)[:_READ].split()))
    return found


def _word(value: str) -> str:
    """The value without its parameters and comments (RFC 2045 5.1)."""
    return re.split(r"[;(]", value, maxsplit=1)[0].strip().lower()


def _decoded(value: str) -> str:
    """The value with its encoded words decoded (RFC 2047), on one line and cut short."""
    try:
        parts = decode_header(value.encode("ascii", "surrogateescape").decode("utf-8", "replace"))
        text = "".join(part if isinstance(part, str) else _text(part, charset) for part, charset in parts)
    except (HeaderParseError, ValueError):
        text = value
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return text[:_LONGEST]


def _text(part: bytes, charset: str | None) -> str:
    try:
        return part.decode(charset or "raw-unicode-escape", "replace")  # decode_header writes plain parts in that
    except (LookupError, ValueError, ArithmeticError):  # no such character set, or one that isn't for text
        return part.decode("utf-8", "replace")


def _person(value: str) -> str:
    """The first address in a From header behind which there may be a person; empty where there is none."""
    return next((address for address in _addresses(value) if _local(address) not in _NOBODY), "")


def _addresses(value: str) -> list[str]:
    text = value.encode("ascii", "surrogateescape").decode("utf-8", "replace")
    written = _BRACKETED.findall(text) or _BETWEEN.split(_COMMENT.sub(" ", text))
    return [address for one in written if (address := parse_address(one))]


def _local(address: str) -> str:
    return address.rpartition("@")[0].lower() if "@" in address else address.lower()

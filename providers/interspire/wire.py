"""Wire format of Interspire's XML API: builds requests and parses answers, with hostile text expected both ways."""

import re
from dataclasses import dataclass
from html import escape
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring

from bouncehandler.provider import TemporaryFailure

MAX_ANSWER = 4 * 1024 * 1024
"""Bytes; GetLists answers about 2 kB a list, so this is room for some 2,000 lists."""

MAX_SHOWN = 200
"""Characters of the server's own text that go into an error's text."""

_BEGIN = re.compile(rb"<\?xml\s|<response[\s/>]")
_LIST_ID = re.compile(r"[1-9][0-9]{0,9}")
_INVALID_CHARACTER = re.compile("[^\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def is_valid_text(text: str) -> bool:
    """Whether an XML element carries the text unchanged: not empty, and no control character or lone surrogate."""
    # XML 1.0 2.2; tab and line ends are allowed there, but 2.11 lets a parser change them.
    return bool(text.strip()) and not _INVALID_CHARACTER.search(text)


def build_request(username: str, token: str, kind: str, method: str, details: tuple[tuple[str, str], ...]) -> bytes:
    """Build a request in UTF-8, XML's own default; a name may come more than once in `details`, which may be empty."""
    inner = "".join(_element(name, escape(value)) for name, value in details)
    return _element(
        "xmlrequest",
        _element("username", escape(username))
        + _element("usertoken", escape(token))
        + _element("requesttype", kind)
        + _element("requestmethod", method)
        + _element("details", inner or " "),  # providers.md: all five must be non-empty
    ).encode()


def _element(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>"


@dataclass(frozen=True, slots=True)
class XmlAnswer:
    """Answer that is well-formed and has a status."""

    status: str
    message: str
    """On one line, without secrets, at most `MAX_SHOWN` characters; empty where the server gave no text."""
    root: Element

    @property
    def is_success(self) -> bool:
        """Whether the status is SUCCESS."""
        return self.status == "SUCCESS"

    @property
    def is_not_found(self) -> bool:
        """Whether a look-up found nothing: FAILED with an empty message, and nothing that merely resembles it."""
        return self.status == "FAILED" and not self.message

    @property
    def error_text(self) -> str:
        """The server's error message, else its status; never empty."""
        return self.message or f"status {printable(self.status)!r} without a message"

    def mentions(self, *texts: str) -> bool:
        """Whether the message holds one of the texts, which are in lower case."""
        message = self.message.lower()
        return any(text in message for text in texts)

    def list_ids(self) -> tuple[str, ...]:
        """The list ids, at whatever depth this version wraps them; empty when the data is empty.

        Raises:
            TemporaryFailure: there is data without an id, or an id that is not a number.
        """
        found = [text.strip() for tag in self.root.iter("listid") for text in tag.itertext() if text.strip()]
        if not all(_LIST_ID.fullmatch(text) for text in found):
            raise TemporaryFailure("Interspire answered with a list id that is not a number")
        if not found and self._holds_data():
            raise TemporaryFailure("Interspire answered with data in which there is no list id")
        return tuple(dict.fromkeys(found))

    def _holds_data(self) -> bool:
        others = (child for child in self.root if child.tag not in {"status", "errormessage"})
        return any(text.strip() for child in others for text in child.itertext())


def parse_answer(content: bytes, secret: str) -> XmlAnswer:
    """Parse the answer in a body, where junk may come first.

    Args:
        content: the body, of any size.
        secret: a secret that no error's text may repeat.

    Raises:
        TemporaryFailure: the body is anything else.
    """
    begin = _BEGIN.search(content, 0, MAX_ANSWER)
    if not content.strip():
        raise TemporaryFailure("Interspire's answer is empty: PHP broke off there, see the error log of its web server")
    if len(content) > MAX_ANSWER:
        raise TemporaryFailure(f"Interspire's answer of {len(content)} bytes is too long to be one")
    if not begin:
        text = printable(content[:2000].decode(errors="replace"), secret)
        raise TemporaryFailure(f"Interspire's answer is not XML (does the URL end with xml.php?): {text}")
    root = _parse(content[begin.start() :])
    status = (root.findtext("status") or "").strip()
    if root.tag != "response" or not status:
        raise TemporaryFailure("Interspire's answer has no <response> with a <status>")
    return XmlAnswer(status, printable(root.findtext("errormessage") or "", secret), root)


def _parse(content: bytes) -> Element:
    """Parse the root element; declarations of types and entities are refused, so nothing expands."""
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except (ParseError, ValueError, LookupError) as error:  # defusedxml's are ValueErrors; LookupError: the encoding
        raise TemporaryFailure(f"Interspire's answer is not well-formed XML ({printable(str(error))})") from None
    return root


def printable(text: str, secret: str = "") -> str:
    """Sanitize hostile text for an error: one line, printable, without the secret, at most `MAX_SHOWN` characters."""
    if secret:
        text = text.replace(secret, "***").replace(escape(secret), "***")
    line = " ".join(text.split())
    return "".join(char if char.isprintable() else "?" for char in line[:MAX_SHOWN])

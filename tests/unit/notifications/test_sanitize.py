"""Hostile text made fit to be shown."""

import time
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncehandler.notifications.sanitize import MAX_SHOWN, TextSanitizer
from bouncehandler.redaction import mask_addresses

MASKED = TextSanitizer(mask_addresses)
PLAIN = TextSanitizer(str)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Sale, now on", "Sale, now on"),
        ("a\r\n b\tc\x0bd\u2028e\x85f\u00a0g", "a b c d e f g"),
        ("a\0b\x1b[31mc", "a\ufffdb\ufffd[31mc"),
        ("\u202egpj.exe\u202c \u200bx\u2066y\u2069", "gpj.exe xy"),
        ("half a pair \ud800", "half a pair \ufffd"),
        ("", ""),
        (" \n ", ""),
        ("=?utf-8?q?Caf=C3=A9?= now", "Café now"),
        ("=?utf-8?b?4oCu?=evil=?utf-8?q?=0d=0aBcc:_x?=", "evil Bcc: x"),
        ("=?nonsense?q?a?=", "\ufffd"),
        ("=?utf-8?b?a?= b", "\ufffd b"),
        ("\u05e9\u05dc\u05d5\u05dd \u4f60\u597d", "\u05e9\u05dc\u05d5\u05dd \u4f60\u597d"),
    ],
)
def test_one_readable_line(text: str, shown: str) -> None:
    """Text becomes one readable line: white space is folded, hidden characters removed or marked, words decoded."""
    assert PLAIN(text) == shown


@given(st.text())
def test_any_text(text: str) -> None:
    """Any text becomes one printable line that can be sent."""
    shown = MASKED(text)
    assert shown.isprintable()
    assert "\n" not in shown
    assert shown.encode().decode() == shown


@pytest.mark.parametrize(
    "text",
    [
        "john.doe@example.com",
        "550 <john.doe@example.com>: no such user",
        "john\u200b.doe@example.com",
        "john.doe%40example.com",
        "=?utf-8?q?john=2Edoe=40example=2Ecom?=",
        "=?utf-8?b?" + b64encode(b"john.doe@example.com").decode() + "?=",
        "=?nonsense?b?" + b64encode(b"john.doe@example.com").decode() + "?=",
        "x" * 990 + " john.doe@example.com",
        " " * 992 + "john.doe@example.com",
    ],
)
def test_masked(text: str) -> None:
    """No address gets through, however it is written, nor half of one where a text was cut."""
    shown = MASKED(text, 2000)
    assert "ohn" not in shown
    assert "doe" not in shown
    assert b64encode(b"john.doe@e").decode()[:8] not in shown


def test_not_masked() -> None:
    """Where addresses are asked for, they are shown."""
    assert PLAIN("550 john.doe@example.com") == "550 john.doe@example.com"


def test_short() -> None:
    """A text of any length is shortened, with a mark, and soon."""
    began = time.thread_time()
    for text in ("x " * 500_000, "=?" * 500_000, "@" * 1_000_000, "=?utf-8?b?" * 100_000, "\u202e" * 1_000_000):
        assert len(MASKED(text)) <= MAX_SHOWN
    assert time.thread_time() - began < 1
    assert PLAIN("x " * 200).endswith("\u2026")
    assert PLAIN("x" * MAX_SHOWN) == "x" * MAX_SHOWN
    assert PLAIN("abcdef", 4) == "abc\u2026"

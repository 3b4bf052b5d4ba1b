"""The mail about notices: its headers, its two forms, and that nothing hostile gets through."""

import re
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncehandler.notifications.message import compose
from bouncehandler.spool import Notice
from tests.unit.notifications.examples import (
    NOW,
    TO,
    complaints,
    digest_of,
    envelope,
    html_of,
    notices,
    on_the_wire,
    sent,
    text_of,
)

COMPLAINT = {
    "person": "john.doe@example.com",
    "rule": "policy.complaint.abuse",
    "category": "abuse",
    "occurred_at": "2026-01-01T00:00:00+00:00",
    "originator": "bounce-john.doe=example.com@lists.example",
    "job_id": "job7",
    "diagnostic": "reporter.example (192.0.2.1)",
    "Subject": "Sale, <b>now</b> on",
    "From": "News <news@lists.example>",
}

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a\r\nBcc: victim@example.org\r\n\r\nbody",
    "\nContent-Type: text/html\n\n",
    "\u202egpj.exe\u2066",
    "nul\0esc\x1b[2Jdel\x7fc1\x9b",
    "\ud800 half a pair",
    "=?utf-8?q?=0d=0aBcc:_victim@example.org?=",
    "&lt;b&gt; &amp; &#60;i&#62; {server} %s \\u003c",
    "--===============1==\r\nContent-Type: text/html",
    "x" * 1_000_000,
    "<" * 1_000_000,
    ".\r\n.\r\nQUIT",
]

FIELDS = ["person", "provider", "reason", "answer", "rows", "of", "category", "Subject", "diagnostic", "job_id"]
KINDS = ["complaint", "unsubscribe", "held", "back", "dead", "unreadable"]


class Tags(HTMLParser):
    """Parser of a page, with its tags and its visible text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag begins."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        """Collect the visible text."""
        self.text += data


def test_headers() -> None:
    """The mail has sender, recipients and date, and the headers that suppress automatic replies."""
    mail = sent(complaints(3))
    assert mail["From"] == "bouncehandler <bh@example.com>"
    assert mail["To"] == "postmaster@example.com, ops@example.com"
    assert mail["Subject"] == "bouncehandler: 3 complaints"
    assert mail["Date"] == "Thu, 01 Jan 2026 00:00:00 +0000"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["MIME-Version"] == "1.0"
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert not mail.defects


@pytest.mark.parametrize("subject", ["Caf\u00e9", "\u4f60\u597d " * 300, "x" * 900])
def test_wire(subject: str) -> None:
    """The mail is ASCII with CRLF, in lines that no server cuts (RFC 5321 4.5.3.1.6)."""
    batch = notices(("complaint", {"person": "j\u00f6rg@ex\u00e4mple.com", "Subject": subject}))
    raw = compose(digest_of(batch, str), envelope(), NOW).as_bytes()
    assert raw.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_message_id() -> None:
    """The same notices, sent twice, are the same mail; others, and those of another spool, are not."""
    batch = complaints(3)
    first, again = sent(batch), sent(batch)
    assert first["Message-ID"] == again["Message-ID"]
    assert re.fullmatch(r"<notices\.1-3\.[0-9a-f]{16}@example\.com>", first["Message-ID"])
    others = [batch[:2], batch[1:], [batch[0]._replace(at=NOW + 0.5), *batch[1:]]]
    assert len({sent(other)["Message-ID"] for other in others} | {first["Message-ID"]}) == 4


@pytest.mark.parametrize(
    ("host", "sender", "domain"),
    [
        ("mta1.example.com", "bouncehandler@mta1.example.com", "mta1.example.com"),
        ("mta1", "bouncehandler@mta1", "mta1"),
        ("a b>\r\nBcc: x@y", "bouncehandler@localhost", "localhost"),
        ("", "bouncehandler@localhost", "localhost"),
    ],
)
def test_without_a_sender(host: str, sender: str, domain: str) -> None:
    """Without a sender it is bouncehandler at this host, however invalid its name."""
    mail = on_the_wire(compose(digest_of(complaints(1)), envelope(None, host), NOW))
    assert mail["From"].addresses[0].addr_spec == sender
    assert mail["Message-ID"].endswith(f"@{domain}>")


def test_unusual_addresses() -> None:
    """Quoted and internationalised addresses can be written to and from."""
    head = envelope("\u00fc@\u00fcber.example", "mta1", '"a b"@example.com', "p@[192.0.2.1]", "j\u00f6rg@example.com")
    mail = compose(digest_of(complaints(1)), head, NOW)
    assert [address.addr_spec for address in mail["To"].addresses] == list(head.recipients)
    assert mail["Message-ID"].isascii()
    assert mail.as_bytes()


def test_text() -> None:
    """The text has a section for each kind with all fields; the original's body is nowhere."""
    text = text_of(sent(notices(("complaint", COMPLAINT), ("held", {"provider": "news", "reason": "HTTP 401"}))))
    assert "bouncehandler on mta1.example.com reports 1 complaint, 1 provider held." in text
    for line in (
        "1. j***@example.com",
        "   Time: 2026-01-01 00:00:00 UTC",
        "   Feedback type: abuse",
        "   Sent by: b***@lists.example",
        "   Job: job7",
        "   Reported by: reporter.example (192.0.2.1)",
        "   Subject: Sale, <b>now</b> on",
        "1. news is held",
        "   Reason: HTTP 401",
    ):
        assert line in text.splitlines()


def test_html() -> None:
    """The HTML has the same content, loads nothing, has no links, and only inline styles."""
    page = html_of(sent(notices(("complaint", COMPLAINT))))
    tags = Tags(page)
    for words in ("1 complaint", "j***@example.com", "Feedback type:", "abuse", "Sale, <b>now</b> on", "job7"):
        assert words in tags.text
    assert not tags.tags & {"a", "img", "script", "style", "link", "form", "iframe", "base"}
    assert not tags.attributes & {"href", "src", "background", "class", "id"}
    assert "url(" not in page
    assert "&lt;b&gt;now&lt;/b&gt;" in page


@pytest.mark.parametrize("form", [text_of, html_of])
@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        ("complaint", "and 4,949 more; `bouncehandler suppressions --reason complaint` lists them"),
        ("unsubscribe", "and 4,949 more; `bouncehandler suppressions --reason unsubscribe` lists them"),
        ("dead", "and 4,949 more; `bouncehandler dead-letters list` lists them"),
        ("held", "and 4,949 more; `bouncehandler status` lists the held providers"),
    ],
)
def test_the_rest(form: object, kind: str, hint: str) -> None:
    """Notices that are not shown are counted, with the command that lists them."""
    assert callable(form)
    assert hint in form(sent(notices(*[(kind, {"person": "a@b.example", "provider": "news"})] * 4999)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: repr(text[:12]))
def test_hostile(kind: str, hostile: str) -> None:
    """Hostile text in any field changes neither headers, lines, tags nor the size of the mail."""
    batch = [Notice(1, kind, NOW, {**dict.fromkeys(FIELDS, hostile), hostile[:100]: hostile})]
    mail = sent([*batch, *complaints(2)])
    harmless = sent([Notice(1, kind, NOW, {**dict.fromkeys(FIELDS, "x"), "y": "x"}), *complaints(2)])
    _same_shape(mail, harmless)
    assert len(mail.as_bytes()) < 50_000
    assert all(char.isprintable() for char in text_of(mail).replace("\n", ""))
    _same_shape(sent(batch), sent(notices(("held", {"provider": "x"}))))


@given(st.dictionaries(st.sampled_from([*FIELDS, "Subject"]) | st.text(max_size=50), st.text(max_size=200)))
def test_any_text(about: dict[str, str]) -> None:
    """The same for generated text."""
    _same_shape(sent(notices(("complaint", about))), sent(notices(("complaint", {"a": "x"}))))


def _same_shape(mail: EmailMessage, harmless: EmailMessage) -> None:
    """Same headers, same parts, no other tags than a harmless one has."""
    assert mail.keys() == harmless.keys()
    assert mail["To"] == ", ".join(TO)
    assert not mail.defects
    assert [part.get_content_type() for part in mail.walk()] == [part.get_content_type() for part in harmless.walk()]
    ours, theirs = Tags(html_of(mail)), Tags(html_of(harmless))
    assert ours.tags <= theirs.tags | {"span"}
    assert ours.attributes <= theirs.attributes
    assert len(mail["Subject"]) < 200


@pytest.mark.parametrize("kind", KINDS)
def test_masked_everywhere(kind: str) -> None:
    """No address but those of postmaster and sender is in the mail: in no field, name, subject or form."""
    address = "john.doe@secret.example"
    about = dict.fromkeys(FIELDS, f"550 <{address}> no") | {"subject": address, f"X-{address}": address}
    mail = sent(notices((kind, about)))
    for expected in (str(mail["Subject"]), text_of(mail), html_of(mail)):
        assert "john" not in expected
        assert "doe" not in expected
    assert "j***@secret.example" in text_of(mail)


def test_plain_addresses() -> None:
    """Where addresses are asked for, they are there, in subject, text and HTML."""
    mail = sent(notices(("complaint", COMPLAINT)), str)
    for expected in (str(mail["Subject"]), text_of(mail), html_of(mail)):
        assert "john.doe@example.com" in expected
    assert "News <news@lists.example>" in text_of(mail)


def test_impossible_time() -> None:
    """A notice with a time outside of the calendar is shown all the same."""
    assert "at an unknown time" in text_of(sent([Notice(1, "held", 1e18, {"provider": "news"})]))


def test_largest() -> None:
    """The largest mail there can be stays below the 10 MB that most servers take."""
    about = {f"X-{number}": '"\U0001f4a9' * 500 for number in range(40)}
    batch = [Notice(n, kind, NOW, about) for n, kind in enumerate(KINDS * 60)]
    assert 100_000 < len(sent(batch).as_bytes()) < 10_000_000

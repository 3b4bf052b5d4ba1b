"""The head of a List-Unsubscribe mail: auto-replies are detected, and headers are shown on one line."""

import pytest

from bouncehandler.unsubscribe.auto_reply import MailHead, examine_head


def examined(head: bytes, sender: str = "joe@example.com") -> MailHead:
    """Examine a head."""
    return examine_head(head, sender)


@pytest.mark.parametrize(
    "head",
    [
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\n',
        b"content-type: Multipart/Report\n",
        b"Content-Type:\n multipart/report;\n boundary=x\n",
        b"Auto-Submitted: auto-replied\n",
        b"Auto-Submitted: Auto-Replied (vacation)\n",
        b"Auto-Submitted: auto-generated\nSubject: Your unsubscribe\n",
        b"Auto-Submitted: auto-generated\n",
        b"Auto-Submitted: auto-notified; owner-email=x\nSubject: unsubscribe\n",
        b"Auto-Submitted: no\nAuto-Submitted: auto-replied\n",
        b"X-Autoreply: yes\n",
        b"X-Autorespond: Re\n",
        b"X-Auto-Reply: 1\n",
        b"X-Vacation:\n",
        b"X-Failed-Recipients: a@example.com\n",
        b"Precedence: bulk\n",
        b"Precedence: Junk\n",
        b"Precedence: list\n",
        b"precedence: AUTO_REPLY\n",
        b"From: MailHead Delivery System <MAILER-DAEMON@mx.example.com>\n",
        b"From: mailer-daemon@mx.example.com (MailHead Delivery System)\n",
    ],
)
def test_auto_replies(head: bytes) -> None:
    """A report, an out-of-office reply, a list's mail or a mailer-daemon's is an auto-reply, with a reason."""
    mail = examined(head)
    assert mail.auto_reply
    assert mail.auto_reply.isprintable()


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\0\xff\x80 no headers at all",
        b"Subject: unsubscribe\n",
        b"Auto-Submitted: no\n",
        b"Auto-Submitted: no (a person)\n",
        b"Auto-Submitted: auto-generated\nSubject: Unsubscribe \n",
        b"Precedence: first-class\n",
        b"Content-Type: multipart/mixed; boundary=multipart/report\n",
        b"Subject: X-Vacation: yes\n",
        b"\nX-Vacation: in the body\n",
        b"From: mailer-daemon-fan@example.com\n",
    ],
)
def test_a_request_is_a_request(head: bytes) -> None:
    """A mail of a person is a request, however bare, as is one that a mail client sends for its user."""
    assert examined(head).auto_reply == ""


@pytest.mark.parametrize("envelope", ["", "<>", "postmaster@outlook.com", "MAILER-DAEMON@x.example"])
def test_the_person_in_from_replaces_an_impersonal_sender(envelope: str) -> None:
    """An empty sender, or a postmaster's, with a person in From is a real request, from that person."""
    mail = examined(b"From: =?utf-8?q?J=C3=BCrg?= <juerg@example.com>\n", envelope)
    assert (mail.auto_reply, mail.sender) == ("", "juerg@example.com")


@pytest.mark.parametrize(
    "head", [b"", b"From: \n", b"From: postmaster@mx.example.com\n", b"From: Nobody\n", b"From: ((((((\n"]
)
def test_no_person_at_all_is_an_auto_reply(head: bytes) -> None:
    """Without a person as sender or in From it is no request."""
    mail = examined(head, "")
    assert mail.auto_reply == "no sender, and no person in From"


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        (b"=?utf-8?b?w7xiZXI=?= all", "\u00fcber all"),
        (b"=?no-such-charset?q?x=FFy?=", "x\ufffdy"),
        (b"=?utf-8?b?!!!?=", None),
        (b"=?hex?q?61?=", "61"),
        (b"=?idna?q?xn--=FF?=", None),
        (b"=?utf-7?q?+AAoAJg-?=", "&"),
        (b"r\xc3\xa9sum\xc3\xa9", "r\u00e9sum\u00e9"),
        (b"a\n\tfolded\rb\x00c\x1b[31m", None),
        (b"x" * 9000, "x" * 500),
        (b"=?utf-8?q?" + b"=0A=0DBcc:_x" * 20 + b"?=", None),
    ],
)
def test_headers_are_shown_on_one_line(subject: bytes, shown: str | None) -> None:
    """Encoded words are decoded if that is possible; the result is a line of at most 500 characters."""
    mail = examined(b"Subject: " + subject + b"\n")
    assert mail.auto_reply == ""
    headers = dict(mail.headers)
    assert shown is None or headers["Subject"] == shown
    assert all(text.isprintable() and len(text) <= 500 for text in headers.values())
    assert headers.keys() <= {"Subject", "From", "Date", "Message-Id"}

"""The head of a List-Unsubscribe mail: requests are told from machines' answers, and headers are told on one line."""

import pytest

from bouncehandler.unsubscribe.auto_reply import Mail, judge


def judged(head: bytes, sender: str = "joe@example.com") -> Mail:
    """What a mail with this head is taken for."""
    return judge(head, sender)


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
        b"From: Mail Delivery System <MAILER-DAEMON@mx.example.com>\n",
        b"From: mailer-daemon@mx.example.com (Mail Delivery System)\n",
    ],
)
def test_automatic_mail_is_told_apart(head: bytes) -> None:
    """A report, an out-of-office answer, a list's mail or a mailer-daemon's is no request, with a reason."""
    mail = judged(head)
    assert mail.automatic
    assert mail.automatic.isprintable()


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
    """Mail that somebody sent counts, however bare, as does what mail clients send for their users."""
    assert judged(head).automatic == ""


@pytest.mark.parametrize("envelope", ["", "<>", "postmaster@outlook.com", "MAILER-DAEMON@x.example"])
def test_who_stands_in_from_counts_where_nobody_is_behind_the_sender(envelope: str) -> None:
    """An empty sender, or a postmaster's, with a person in From is a real request, from that person."""
    mail = judged(b"From: =?utf-8?q?J=C3=BCrg?= <juerg@example.com>\n", envelope)
    assert (mail.automatic, mail.sender) == ("", "juerg@example.com")


@pytest.mark.parametrize(
    "head", [b"", b"From: \n", b"From: postmaster@mx.example.com\n", b"From: Nobody\n", b"From: ((((((\n"]
)
def test_nobody_at_all_is_automatic(head: bytes) -> None:
    """With an empty sender and no person in From nobody asked for anything."""
    mail = judged(head, "")
    assert mail.automatic == "no sender, and nobody in From"


@pytest.mark.parametrize(
    ("subject", "told"),
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
def test_headers_are_told_on_one_line(subject: bytes, told: str | None) -> None:
    """Encoded words are decoded if that is possible; nothing gets out but a line of at most 500 characters."""
    mail = judged(b"Subject: " + subject + b"\n")
    assert mail.automatic == ""
    headers = dict(mail.headers)
    assert told is None or headers["Subject"] == told
    assert all(text.isprintable() and len(text) <= 500 for text in headers.values())
    assert headers.keys() <= {"Subject", "From", "Date", "Message-Id"}

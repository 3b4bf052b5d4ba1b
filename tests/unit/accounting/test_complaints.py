"""Rows of feedback loops: their subject, by address or by a list manager's ids, or none."""

from datetime import UTC, datetime

import pytest

from bouncehandler.accounting import PowerMtaCsvReader
from bouncehandler.record import Complaint, Subscriber
from tests.unit.accounting.examples import SAMPLES, Reading, read, row

F = (
    "type", "timeLogged", "repSourceIp", "feedbackType", "format", "userAgent", "orig", "rcpt", "reportedDomain",
    "header_From", "header_X-job", "header_Subject", "header_subject", "header_Message-Id", "header_List-Unsubscribe",
    "header_List-Id", "header_X-Mw-Subscriber-Uid", "header_X-Mw-Campaign-Uid", "header_X-Mailer-LID",
    "header_X-Mailer-RecptId", "header_X-HmXmrOriginalRecipient", "arf_Original-Rcpt-To", "header_To", "tail",
)  # fmt: skip
AT = "2026-01-05 10:00:00+0100"
LIST, SUBSCRIBER, CAMPAIGN = "ab123cd456ef7", "gh890ij123kl4", "mn567op890qr1"
MAILWIZZ = Subscriber("mailwizz", LIST, SUBSCRIBER)


def reports(**cells: str) -> Reading:
    """One row of a feedback loop that has these cells, and no address outside of them."""
    empty = dict.fromkeys(("orig", "rcpt", "tail"), "")
    given = {name.replace("__", "-"): cell for name, cell in cells.items()}
    basis = empty | {"type": "f", "timeLogged": AT, "feedbackType": "abuse"} | given
    return read(",".join(F) + "\n" + row(F, **basis))


def complaint(**cells: str) -> Complaint:
    """The only complaint in such a row."""
    reading = reports(**cells)
    (found,) = reading.complaints or [nameless.complaint for nameless in reading.nameless]
    return found


class TestAddress:
    """The recipient."""

    @pytest.mark.parametrize(
        "cell",
        [
            "ann@example.net",
            "<ann@example.net>",
            '"Doe, Ann" <Ann@Example.NET>',
            "ANN@EXAMPLE.NET",
            " ann@example.net ",
            "ann@example.net (Ann)",
            "<ann@example.net> SIZE=3",
            "mailto:ann@example.net",
            "<@relay.example:ann@example.net>",
            "'ann@example.net'",
            "Friends: ann@example.net;",
            "rfc822;ann@example.net",
            '"victim@example.com; x" <ann@example.net>',
            '"a\\", victim@example.com, \\"b" <ann@example.net>',
            '"ann@example.net"',
            "(victim@example.com) ann@example.net",
            "Ann (a, b; c) <ann@example.net>",
        ],
    )
    @pytest.mark.parametrize(
        "column",
        ["rcpt", "header_X__HmXmrOriginalRecipient", "arf_Original__Rcpt__To", "header_To"],
    )
    def test_forms(self, column: str, cell: str) -> None:
        """Each form of an address is read from each column that may have it."""
        found = complaint(**{column: cell})
        assert (found.recipient or found.written_to) == "ann@example.net"

    @pytest.mark.parametrize(
        "cell",
        [
            "ann@example.net,bob@example.net",
            '"ann@example.net","bob@example.net"',
            "<ann@example.net>, <bob@example.net>",
            '"Doe, Ann" <ann@example.net>, Bob <bob@example.net>',
            "rfc822;ann@example.net\nrfc822;bob@example.net",
            "ann@example.net; bob@example.net; ann@example.net",
        ],
    )
    def test_several(self, cell: str) -> None:
        """A report about several recipients, in a cell that is a list in itself, is a complaint of each of them."""
        reading = reports(arf_Original__Rcpt__To=cell)
        assert [one.recipient for one in reading.complaints] == ["ann@example.net", "bob@example.net"]
        assert len({one.id for one in reading.complaints}) == 2
        assert reading.reader.counted["f"] == 1

    @pytest.mark.parametrize(
        ("listed", "wanted"),
        [
            ("ann@example.net,bob@example.net", ["ann@example.net", "bob@example.net"]),
            ("bob@example.net", ["ann@example.net"]),
            ("", ["ann@example.net"]),
        ],
    )
    def test_both_columns(self, listed: str, wanted: list[str]) -> None:
        """The first column with a recipient counts; the report's own list adds to it where that one is among it."""
        reading = reports(rcpt="<ann@example.net>", arf_Original__Rcpt__To=listed)
        assert [one.recipient for one in reading.complaints] == wanted

    def test_cut_list(self) -> None:
        """A list that is too long is cut between two addresses, not within one."""
        reading = reports(rcpt="q" * 8180 + ",ann@example.community")
        assert [one.complaint.recipient for one in reading.nameless] == [""]

    def test_too_many(self) -> None:
        """A report with too many recipients is rejected."""
        reading = reports(arf_Original__Rcpt__To=",".join(f"user{number}@example.net" for number in range(21)))
        assert (reading.complaints, reading.reasons) == ([], [(2, "too-many-recipients")])
        assert len(reports(rcpt=",".join(f"u{number}@example.net" for number in range(20))).complaints) == 20

    @pytest.mark.parametrize(
        "cell",
        [
            "", "...", "....@aol.com", "X", "x@aol.com", "XXXXXXXX@hotmail.com", "redacted@example.net", "[redacted]",
            "<>", "***@example.net", "3f786850e387550fdab836ed7e6dc881de23001b",
            "3f786850e387550fdab836ed7e6dc881de23001b@mail.ru", "d41d8cd98f00b204e9800998ecf8427e@example.net",
            "123e4567-e89b-12d3-a456-426614174000@example.net", "undisclosed-recipients:;", "j***n@mail.ru",
            "j\u2026n@aol.com", "a...@aol.com", "j...n@aol.com", ".ann@aol.com", "xxx-xxx@aol.com", "xxxx.xxxx@aol.com",
            "redacted-recipient@yahoo.com", "f00dcafe1234abcd5678ef90@aol.com", "ann@xxxx.xxx",
            "hidden@redacted.invalid", "ann@example.invalid", "anonymous@example.net",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("column", ["rcpt", "arf_Original__Rcpt__To", "header_To"])
    def test_redacted(self, column: str, cell: str) -> None:
        """A placeholder for a hidden address is none: the ids count, and without them the complaint is anonymous."""
        assert not reports(**{column: cell}).complaints
        hidden = complaint(**{column: cell, "header_X__Mailer__LID": "8", "header_X__Mailer__RecptId": "17"})
        assert (hidden.recipient, hidden.written_to, hidden.subscriber.name) == ("", "", "interspire:8/17")

    def test_own_to_header(self) -> None:
        """The message's To is read only where it is one address, into a field of its own, since it is used last."""
        assert complaint(header_To="ann@example.net").written_to == "ann@example.net"
        assert complaint(header_To="ann@example.net, bob@example.net").written_to == ""

    def test_unusual_addresses(self) -> None:
        """No complaint is lost for a rare address."""
        for address in ("o'brien+x@example.net", "jürgen@müller.example", "xx.y@example.net", "abcdef12@example.net"):
            assert complaint(rcpt=address).recipient == address


class TestIds:
    """A subscriber in a list manager's own ids."""

    def test_a_name_that_looks_like_an_id(self) -> None:
        """A word of thirteen letters does not take the place of an id."""
        values = {"header_List__Id": f'"notifications" <{LIST}>', "header_X__Mw__Subscriber__Uid": SUBSCRIBER}
        assert complaint(**values).subscriber == MAILWIZZ

    @pytest.mark.parametrize(
        "list_id", [LIST, f"<{LIST}>", f"{LIST} <Our news>", f'"Our news" <{LIST}.lists.example.com>', f" {LIST}\n"]
    )
    def test_mailwizz(self, list_id: str) -> None:
        """List-Id in each form it is seen in, with X-Mw-Subscriber-Uid, and the campaign where its header is there."""
        values = {"header_List__Id": list_id, "header_X__Mw__Subscriber__Uid": SUBSCRIBER}
        assert complaint(**values).subscriber == MAILWIZZ
        assert complaint(**values, header_X__Mw__Campaign__Uid=CAMPAIGN).subscriber.campaign_id == CAMPAIGN

    @pytest.mark.parametrize(
        ("list_id", "subscriber"),
        [
            (LIST, ""),
            ("", SUBSCRIBER),
            ("news <news.example.com>", SUBSCRIBER[:-1] + "/"),
            (LIST, "../../campaigns"),
            (LIST, "a b"),
            (LIST, "x" * 65),
            ("The weekly news", SUBSCRIBER),
        ],
    )
    def test_not_mailwizz(self, list_id: str, subscriber: str) -> None:
        """Half of the ids, or a value that can't be one, is no id."""
        values = {"header_List__Id": list_id, "header_X__Mw__Subscriber__Uid": subscriber}
        assert complaint(**values).subscriber == Subscriber()

    @pytest.mark.parametrize(
        ("lists", "wanted"),
        [
            ("8", "8"),
            ("8,13", "8,13"),
            ("63, 64, 65", "63,64,65"),
            ("7,7", "7"),
            ("8;13", "8,13"),
            ("[8,13]", "8,13"),
            ("0,8", "8"),
        ],
    )
    def test_interspire(self, lists: str, wanted: str) -> None:
        """X-Mailer-LID may name several lists; a newsletter goes to several."""
        values = {"header_X__Mailer__LID": lists, "header_X__Mailer__RecptId": "774174"}
        assert complaint(**values).subscriber == Subscriber("interspire", wanted, "774174")

    @pytest.mark.parametrize(
        ("lists", "subscriber"),
        [
            ("8", ""),
            ("", "17"),
            ("8;x", "17"),
            ("8", "0"),
            ("8", "1e3"),
            ("x8", "1"),
            ("8", "12345678901"),
            ("7," * 2047 + "12345", "17"),
        ],
    )
    def test_not_interspire(self, lists: str, subscriber: str) -> None:
        """A text that is no number is no id."""
        assert not complaint(header_X__Mailer__LID=lists, header_X__Mailer__RecptId=subscriber).subscriber.name

    @pytest.mark.parametrize(
        ("header", "wanted"),
        [
            ("<mailto:S.L.C@u.example.com?subject=unsubscribe>, <https://example.com/u>", ("S.L.C@u.example.com",)),
            ("<https://example.com/u>,<MAILTO:a%2Bb@u.example.com>", ("a+b@u.example.com",)),
            ("mailto:a@u.example.com", ("a@u.example.com",)),
            ("<https://example.com/u>", ()),
            ("<https://example.com/u?mailto:evil@x>", ()),
            ("<mailto:%0d%0aBcc:x@u.example.com>", ()),
            ("<mailto:a.b.c\r\n @u.example.com>", ("a.b.c@u.example.com",)),
            ("<mailto:a,b@u.example.com>", ("a,b@u.example.com",)),
            (
                ", ".join(f"<mailto:a{n}@u.example.com>" for n in range(9)),
                tuple(f"a{n}@u.example.com" for n in range(5)),
            ),
        ],
    )
    def test_mailto(self, header: str, wanted: tuple[str, ...]) -> None:
        """The mail addresses of List-Unsubscribe are handed on, at most five of them."""
        assert complaint(header_List__Unsubscribe=header).unsubscribe_to == wanted

    def test_all_that_is_there(self) -> None:
        """An address does not keep the ids away: a list manager may need its campaign."""
        values = {"header_List__Id": LIST, "header_X__Mw__Subscriber__Uid": SUBSCRIBER, "rcpt": "ann@example.net"}
        assert (complaint(**values).recipient, complaint(**values).subscriber) == ("ann@example.net", MAILWIZZ)


class TestEvidence:
    """All other fields of a report."""

    def test_all(self) -> None:
        """Type, time, sender, job, reporter and headers are read; the type in lower case."""
        found = complaint(
            rcpt="ann@example.net",
            feedbackType=" Abuse",
            userAgent="Yahoo!-Mail-Feedback/2.0",
            repSourceIp="192.0.2.20",
            orig="news@example.com",
            header_Subject="Sale, now on",
            header_Message__Id="<1@example.com>",
            header_X__job="june",
        )
        assert found.feedback_type == "abuse"
        assert found.logged_at == datetime(2026, 1, 5, 9, tzinfo=UTC)
        assert (found.originator, found.job_id) == ("news@example.com", "june")
        assert found.reporter == "Yahoo!-Mail-Feedback/2.0 from 192.0.2.20"
        assert found.headers == (("Subject", "Sale, now on"), ("Message-Id", "<1@example.com>"), ("X-Job", "june"))

    def test_microsoft(self) -> None:
        """A JMRP report names no type and no agent: PowerMTA's format and domain name the reporter."""
        found = complaint(feedbackType="", format="jmrp", reportedDomain="hotmail.com", rcpt="<ann@outlook.example>")
        assert (found.feedback_type, found.reporter) == ("", "jmrp hotmail.com")

    def test_both_spellings(self) -> None:
        """Either spelling, header_Subject or header_subject, is read, and both rows are one complaint."""
        one, other = (
            complaint(rcpt="ann@example.net", **{name: "Sale"}) for name in ("header_Subject", "header_subject")
        )
        assert one.headers == other.headers == (("Subject", "Sale"),)
        assert one.id == other.id

    def test_hostile_cells(self) -> None:
        """Bytes that are no UTF-8, NUL and line ends in any cell neither raise nor get past a cell."""
        header = ",".join(F) + "\n"
        bad = b'f,,,abuse,,"\xff\x00\n\xfe",,ann@example.net,,"\xff",,"a\x00b' + b"\n" * 3 + b'",,,,,,,,,,,,\n'
        (found,) = read(header.encode() + bad).complaints
        assert found.recipient == "ann@example.net"
        assert dict(found.headers)["Subject"].startswith("a\\x00b")

    def test_golden_ids(self) -> None:
        """Record ids are the same in every version: else every file ever fed would count anew."""
        assert complaint(rcpt="ann@example.net").id == "695b7d9086696e7652871176"
        values = {"header_List__Id": LIST, "header_X__Mw__Subscriber__Uid": SUBSCRIBER}
        assert complaint(**values).id == "695b7d9016a42635075a5f64"


class TestAnonymous:
    """Anonymous complaints: neither an address nor ids."""

    def test_kept_with_what_is_missing(self) -> None:
        """An anonymous complaint has its row, its line, and the columns that could have held the recipient."""
        data = "type,timeLogged,feedbackType,rcpt,header_List-Id\nf,,abuse,,\n"
        (nameless,) = read(data).nameless
        assert (nameless.line, nameless.raw) == (2, b"f,,abuse,,\n")
        assert nameless.missing == (
            "header_List-Unsubscribe", "header_X-Mw-Subscriber-Uid", "header_X-Mailer-LID", "header_X-Mailer-RecptId",
        )  # fmt: skip

    def test_missing_recipient_column(self) -> None:
        """The column for the recipient is among what can be missing."""
        (nameless,) = read("type,feedbackType\nf,abuse\n").nameless
        assert nameless.missing[0] == "rcpt"

    def test_missing_type(self) -> None:
        """A header without the feedback type, which separates complaints from `not-spam`, is reported once."""
        reading = read("type,rcpt\nf,ann@example.net\nf,bob@example.net\n")
        assert [(one.line, one.columns, one.record_type) for one in reading.missing] == [(2, ("feedbackType",), "f")]
        assert len(reading.complaints) == 2

    def test_torn_id(self) -> None:
        """A last row without its end is torn where the last cell may be half an id or half an address."""
        for last, cell in (("header_X-Mailer-RecptId", "1234"), ("rcpt", "ann@example.ne")):
            reading = read(f"type,header_X-Mailer-LID,{last}\nf,8,{cell}")
            assert (reading.complaints, reading.reasons) == ([], [(2, "torn")])


def test_samples() -> None:
    """The sample file: Yahoo with an address, JMRP mapped, and AOL with nothing but a token."""
    reading = read((SAMPLES / "synthetic_f_port25bouncehandler_columns.csv").read_bytes())
    assert [one.recipient for one in reading.complaints] == ["user@yahoo.example", "user@outlook.example"]
    (aol,) = reading.nameless
    assert aol.complaint.unsubscribe_to == ("SUB3.LIST1.CAMP1@fbl-unsub.example.com",)


def test_old_order_without_a_header() -> None:
    """A stream without a header is read in the old handler's order."""
    lines = (SAMPLES / "synthetic_f_port25bouncehandler_columns.csv").read_bytes().splitlines(keepends=True)
    with_header, without = read(b"".join(lines)), read(b"".join(lines[1:]))
    assert [one.id for one in without.complaints] == [one.id for one in with_header.complaints]


def test_other_types_beside() -> None:
    """Bounces and complaints under one header, the union of their columns, each find their own."""
    reading = read((SAMPLES / "synthetic_union_rows.csv").read_bytes(), PowerMtaCsvReader())
    assert reading.reader.counted["f"] == len(reading.complaints) + len(reading.nameless) > 0
    assert reading.bounces

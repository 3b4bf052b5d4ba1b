"""Times and recipients as PowerMTA writes them, and as it leaves them out."""

from datetime import UTC, datetime

import pytest

from bouncehandler.accounting.fields import clean, parse_time
from tests.unit.accounting.examples import HEADER, only, read, row


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2016-08-01 14:06:01-0400", datetime(2016, 8, 1, 18, 6, 1, tzinfo=UTC)),
        ("2014-08-24 16:00:14+0530", datetime(2014, 8, 24, 10, 30, 14, tzinfo=UTC)),
        ("2016-08-01T14:06:01Z", datetime(2016, 8, 1, 14, 6, 1, tzinfo=UTC)),
        ("2016-08-01 14:06:01", datetime(2016, 8, 1, 14, 6, 1, tzinfo=UTC)),
        ("1470074761", datetime(2016, 8, 1, 18, 6, 1, tzinfo=UTC)),
        (" 1470074761 ", datetime(2016, 8, 1, 18, 6, 1, tzinfo=UTC)),
        ("0", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_reads_times(text: str, expected: datetime) -> None:
    """ISO with an offset (default since 5.0) and UNIX seconds (`iso-times no`) give aware times in UTC."""
    assert parse_time(text) == expected
    assert parse_time(text).utcoffset() == expected.utcoffset()  # type: ignore[union-attr]  # not None, by the line above


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "-",
            "yesterday",
            "2016-13-01 00:00:00+0000",
            "2016-08-01 25:00:00+0000",
            "-1",
            "1.5",
            "٣",
            "9" * 19,
        ),
        *(
            "9" * 5000,
            "2016-08-01 " + "1" * 5000,
            " " * 100_000,
            "0001-01-01 00:00:00+0500",
            "9999-12-31 23:59:59-0500",
        ),
    ],
)
def test_anything_else_is_no_time(text: str) -> None:
    """A time that can't be read is none; the row is read all the same."""
    assert parse_time(text) is None
    assert only(HEADER + row(timeLogged=text, timeQueued=text)).occurred_at is None


@pytest.mark.parametrize(("column", "other"), [("timeLogged", "timeQueued"), ("timeQueued", "timeLogged")])
def test_either_time_shows_when_it_happened(column: str, other: str) -> None:
    """Column sets have one time, or both."""
    bounce = only(HEADER + row(**{column: "1470074761", other: ""}))
    assert bounce.occurred_at == datetime(2016, 8, 1, 18, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "cell",
    [
        *(
            "ann@example.net",
            "<ann@example.net>",
            '"Ann B." <ann@example.net>',
            "Ann <ann@example.net>",
            " ann@example.net ",
        ),
        *("ANN@EXAMPLE.NET", "<ANN@Example.Net>", '"Smith, Ann" <ann@example.net>', "< ann@example.net >"),
    ],
)
def test_reads_recipients_in_brackets_and_with_names(cell: str) -> None:
    """`map-header-to-field` puts a whole header into rcpt; list managers compare addresses without case."""
    assert only(HEADER + row(rcpt=cell)).recipient == "ann@example.net"


@pytest.mark.parametrize(
    "cell",
    [
        "...",
        "X",
        "5d41402abc4b2a76b9719d911017c592",
        "<...>",
        "...@example.net",
        "*@example.net",
        "…@example.net",
        "unknown",
    ],
)
def test_never_takes_a_redacted_recipient_for_an_address(cell: str) -> None:
    """Addresses that `privacy-policy` has redacted are none: dots, X, a hash; with or without a domain."""
    reading = read(HEADER + row(rcpt=cell))
    assert not reading.bounces
    assert reading.reasons == [(2, "not-an-address")]


@pytest.mark.parametrize("cell", ["", " ", "   "])
def test_states_that_a_recipient_is_missing(cell: str) -> None:
    """An empty recipient has a reason of its own: the operator mends it by a mapping."""
    assert read(HEADER + row(rcpt=cell)).reasons == [(2, "no-recipient")]


def test_bytes_that_are_not_utf_8_cost_nothing() -> None:
    """In diagnostics and subjects they are written as escapes, so that the text can be stored and sent."""
    data = (HEADER + row(dsnDiag="smtp;550 gel#scht")).encode().replace(b"#", b"\xf6")
    assert only(data).diagnostic == "smtp;550 gel\\xf6scht"


def test_bytes_that_are_not_utf_8_make_no_address() -> None:
    """The address is ambiguous."""
    reading = read((HEADER + row(rcpt="j#rg@example.net")).encode().replace(b"#", b"\xf6") + row().encode())
    assert reading.reasons == [(2, "not-an-address")]
    assert b"j\xf6rg@example.net" in reading.raw[0]
    assert reading.recipients == ["ann@example.net"]


@pytest.mark.parametrize("text", ["\0", "a\0b", "\0" * 1000])
def test_nul_bytes_stop_nothing(text: str) -> None:
    """A NUL in a cell is written as an escape; the rows around it are read."""
    reading = read(HEADER + row(dsnDiag=text) + row())
    assert [bounce.diagnostic for bounce in reading.bounces] == [
        text.replace("\0", "\\x00"),
        "smtp;550 5.1.1 user unknown",
    ]


def test_nul_bytes_make_no_address() -> None:
    """A recipient that holds one is kept as unreadable."""
    assert read(HEADER + row(rcpt="a\0nn@example.net")).reasons == [(2, "not-an-address")]


def test_text_is_clean_for_every_cell_alike() -> None:
    """Whatever cell holds odd bytes, the others stay as they are."""
    data = (HEADER + row(vmta="caf#", dsnDiag="Zoë")).encode().replace(b"#", b"\xe9")
    assert (only(data).vmta, only(data).diagnostic) == ("caf\\xe9", "Zoë")
    assert clean("\udcff\0ok") == "\\xff\\x00ok"

"""Resynchronisation: a damaged row is rejected alone, with its line and reason, and the rows behind it are read."""

import pytest

from bouncehandler.accounting import PowerMtaCsvReader, Unreadable
from bouncehandler.record import Bounce
from tests.unit.accounting.examples import COLUMNS, HEADER, good, read, row

OPEN = 'b,2026-01-05 10:00:00+0100,"never closed\n'
QUOTED = row(rcpt="quoted@example.net", dsnDiag="smtp;550 5.1.1 no, never")
FOLDED = row(rcpt="folded@example.net", dsnDiag="smtp;550 first\nsecond line")
BLOCKS = [*range(1, 24), 61, 127, 1 << 18]


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize(
    "behind",
    [
        pytest.param(good(1) + good(2) + good(3), id="no quote comes later"),
        pytest.param(good(1) + QUOTED + good(2), id="a quoted cell comes later"),
        pytest.param(good(1) + FOLDED + good(2), id="a cell of two lines comes later"),
        pytest.param(good(1) + "b,,,,x\n" + good(2), id="another damaged row comes later"),
        pytest.param(good(1) + OPEN + good(2), id="another quote is never closed"),
        pytest.param(good(1) + HEADER + good(2), id="a header comes later"),
        pytest.param(good(1, "\r\n") + good(2, "\r\n"), id="CRLF"),
        pytest.param("", id="at the end"),
    ],
)
def test_a_never_closed_quote_costs_its_row_alone(behind: str, block: int) -> None:
    """Every good row behind a never-closed quote is read, wherever the quote stands and however the blocks fall."""
    whole = read(HEADER + good(0) + behind)
    reading = read(HEADER + good(0) + OPEN + behind, block=block)
    assert reading.recipients == whole.recipients
    assert reading.unreadable[0] == Unreadable(3, "unclosed-quote", OPEN.encode())
    assert len(reading.unreadable) == len(whole.unreadable) + 1


def test_a_never_closed_quote_of_several_lines_costs_its_row_alone() -> None:
    """Lines that can't begin a row belong to the damaged one."""
    damaged = OPEN + "text of a remote server\nmore of it, and a comma\n"
    reading = read(HEADER + damaged + good(1))
    assert reading.raw == [damaged.encode()]
    assert reading.recipients == ["good1@example.net"]


@pytest.mark.parametrize("kind", ["b", "rb", "d", "t", "tq", "r", "rs", "f", "TYPE", '"b"', "\ufeffb", "\0b"])
def test_finds_a_row_of_any_type_behind_a_never_closed_quote(kind: str) -> None:
    """Every type ends the damage, however its cell is written."""
    assert read(HEADER + OPEN + kind + ",x,,\n" + OPEN).raw[0] == OPEN.encode()


def test_a_torn_last_row_is_kept() -> None:
    """A row without line end that lacks cells, or breaks off within quotes, is no record."""
    for torn in ("b,2026-01-05 10:00:00+0100,x,news@example.com,ann@example.ne", OPEN.rstrip("\n"), "b", 'b,"a""'):
        reading = read(HEADER + good(1) + torn)
        assert reading.unreadable == [Unreadable(3, "torn", torn.encode())]
        assert reading.recipients == ["good1@example.net"]


def test_a_torn_row_costs_no_row_that_it_swallowed() -> None:
    """Where the stream ends both with an open quote and without a line end, each damaged row has its own reason."""
    reading = read(HEADER + OPEN + good(1) + 'b,x,"torn')
    assert reading.reasons == [(2, "unclosed-quote"), (4, "torn")]
    assert reading.recipients == ["good1@example.net"]


def test_a_last_row_without_line_end_is_read_where_nothing_decisive_can_be_missing() -> None:
    """With all its cells there, at most the last one is cut; a decision must not rest on that one."""
    columns = ("type", "rcpt", "bounceCat", "dsnDiag")
    header, line = ",".join(columns) + "\n", row(columns).rstrip("\n")
    assert read(header + line).recipients == ["ann@example.net"]
    for last in ("rcpt", "orig", "bounceCat", "dsnStatus", "jobId"):
        ordered = ("type", *sorted({"rcpt", "bounceCat", "dsnDiag"} - {last}), last)
        reading = read(",".join(ordered) + "\n" + row(ordered).rstrip("\n"))
        assert reading.reasons == [(2, "torn")]
        assert not reading.bounces


@pytest.mark.parametrize("ignored", [["other"], []])
def test_a_cut_row_is_looked_at_even_where_its_category_is_ignored(ignored: list[str]) -> None:
    """The tally takes no shortcut past the last row: `other` may be what is left of a longer name."""
    reading = read(
        "type,rcpt,bounceCat\nb,ann@example.net,other\nb,bob@example.net,other", PowerMtaCsvReader(ignored=ignored)
    )
    assert reading.reasons == [(3, "torn")]
    assert sum(reading.reader.tallies["b"].values()) + len(reading.bounces) == 1


def test_a_cut_row_with_all_that_decides_is_tallied_like_any_other() -> None:
    """A cut in the diagnostic of an ignored row changes nothing."""
    header, line = "type,rcpt,bounceCat,dsnDiag\n", "b,ann@example.net,other,smtp;550 n"
    reading = read(header + line, PowerMtaCsvReader(ignored=["other"]))
    assert reading.reader.tallies["b"] == {"other": 1}
    assert not reading.bounces


def test_rows_of_several_lines_that_are_only_tallied_are_lines_all_the_same() -> None:
    """Rows behind them have the right line and the right bytes."""
    reading = read(
        HEADER + FOLDED + FOLDED + "x,1\n" + FOLDED + OPEN + good(1), PowerMtaCsvReader(ignored=["bad-mailbox"])
    )
    assert reading.unreadable == [
        Unreadable(6, "unknown-type", b"x,1\n"),
        Unreadable(9, "unclosed-quote", OPEN.encode()),
    ]
    assert reading.reader.tallies["b"] == {"bad-mailbox": 4}


OTHER = "type,timeQueued,rcpt,bounceCat\n"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(
    "torn",
    [
        "b",
        "b,2026",
        "b,2026-01-05 10:00:00+0100,",
        "b,2026-01-05 10:00:00+0100,,news@example.com,eve@example.net",
        row(rcpt="eve@example.net").rstrip("\n"),
        'b,2026-01-05 10:00:00+0100,,news@example.com,eve@example.net,5.1.1,"smtp;550 br',
        'b,2026-01-05 10:00:00+0100,,news@example.com,eve@example.net,5.1.1,"smtp;550\nsecond li',
        "x,y",
        "type,timeLogged,ti",
    ],
)
def test_a_header_behind_a_torn_row_on_the_same_line_is_found(torn: str, mark: str) -> None:
    """A header on the line of a torn row, as `cat` leaves it, is found: only the torn row is lost."""
    reading = read(
        HEADER + good(1) + torn + mark + OTHER.replace("timeQueued", "timeLogged") + "b,,ann@example.net,other\n"
    )
    assert reading.unreadable == [Unreadable(3, "torn", torn.encode())]
    assert reading.recipients == ["good1@example.net", "ann@example.net"]
    assert reading.bounces[1].category == "other"


def test_a_header_behind_a_torn_row_is_found_below_a_wider_one() -> None:
    """The two together may still have fewer cells than the header above them; they are no row."""
    wide = ("type", *(f"header_X-{number}" for number in range(40)), "rcpt")
    data = ",".join(wide) + "\n" + "b,some,thing" + OTHER + "b,,ann@example.net,other\n"
    reading = read(data, PowerMtaCsvReader(ignored=["other", "rcpt", ""]))
    assert reading.unreadable == [Unreadable(2, "torn", b"b,some,thing")]
    assert reading.reader.tallies["b"]["other"] == 1


def test_a_header_behind_a_torn_list_is_found() -> None:
    """A list without a last line end must not make an address of its neighbour, nor hide the header."""
    reading = read("ann@example.net\nbob@example.ne" + OTHER + "b,,eve@example.net,other\n")
    assert reading.listed == ["ann@example.net"]
    assert reading.raw == [b"bob@example.ne"]
    assert reading.recipients == ["eve@example.net"]


def test_columns_whose_names_end_in_type_are_no_header() -> None:
    """`dlvType` and `srcType` stand before other columns in any header."""
    columns = "type,timeLogged,srcType,orig,dlvType,vmta,feedbackType,envId,rcpt\n"
    assert read(columns + "b,,,,,,,,ann@example.net\n").recipients == ["ann@example.net"]


@pytest.mark.parametrize("block", [*range(1, 40), 1 << 18])
@pytest.mark.parametrize("type_", ["b", "rb", "f"])
def test_rows_forged_in_a_quoted_cell_are_never_read(type_: str, block: int) -> None:
    """Text of a remote server stays in its cell, even if it looks like rows and headers."""
    forged = "smtp;550 no\n" + good(1) + "type,rcpt,bounceCat\n" + 'b,"x",bad-mailbox\n' + "victim@example.net\n"
    reading = read(HEADER + row(type=type_, dsnDiag=forged) + good(2), block=block)
    assert not reading.unreadable
    assert reading.recipients == ["ann@example.net"] * (type_ != "f") + ["good2@example.net"]
    assert all(bounce.diagnostic in {forged, "smtp;550 5.1.1 user unknown"} for bounce in reading.bounces)


@pytest.mark.parametrize("recipient", ["", "...", "5d41402abc4b2a76b9719d911017c592"])
def test_rows_forged_in_a_row_without_recipient_are_never_read(recipient: str) -> None:
    """A row that is whole but has no recipient is rejected whole: it is not searched for others."""
    damaged = row(type="rb", rcpt=recipient, dsnDiag="smtp;550\n" + good(1) + HEADER)
    reading = read(HEADER + damaged + good(2))
    assert reading.raw == [damaged.encode()]
    assert reading.recipients == ["good2@example.net"]


def test_rows_forged_in_a_torn_last_row_are_never_read() -> None:
    """A row that breaks off behind its whole quoted cells is rejected whole."""
    torn = row(dsnDiag="smtp;550\n" + good(1)).rpartition(",")[0]
    reading = read(HEADER + good(2) + torn)
    assert reading.unreadable == [Unreadable(3, "torn", torn.encode())]
    assert reading.recipients == ["good2@example.net"]


def test_rows_forged_in_a_row_of_unknown_type_are_never_read() -> None:
    """Rows within a whole row of unknown type are not read."""
    damaged = row(type="zz", dsnDiag="smtp;550\n" + good(1))
    assert read(HEADER + damaged + good(2)).raw == [damaged.encode()]


def test_a_header_forged_at_the_end_of_a_whole_row_is_never_read() -> None:
    """A sender writes `xtype` and `timeLogged` into headers of his own: the columns stay as they are."""
    columns = ("type", "rcpt", "header_A", "header_B", "header_C")
    forged = row(columns, header_A="xtype", header_B="timeLogged", header_C="rcpt")
    reading = read(",".join(columns) + "\n" + forged + row(columns, header_A="x", rcpt="bob@example.net"))
    assert reading.recipients == ["ann@example.net", "bob@example.net"]


def test_rows_in_a_cell_of_megabytes_are_never_read() -> None:
    """No length makes a well-formed cell suspect, as long as the row is not longer than a row can be."""
    forged = good(1) * 10_000
    reading = read(HEADER + row(dsnDiag=forged) + good(2), block=4096)
    assert reading.recipients == ["ann@example.net", "good2@example.net"]
    assert reading.bounces[0].diagnostic == forged


@pytest.mark.parametrize("damaged", ['b,"x"y,z\n', '"b"x,\n', 'b,,"ann@example.net" <x>,\n'])
def test_a_quote_where_none_can_be_costs_its_row(damaged: str) -> None:
    """A quoted cell ends with its quote; what stands behind it is an error of that row alone."""
    reading = read(HEADER + damaged + good(1))
    assert reading.unreadable == [Unreadable(2, "stray-quote", damaged.encode())]
    assert reading.recipients == ["good1@example.net"]


def test_a_return_where_none_can_be_costs_its_row() -> None:
    """CR without LF ends no row, and it is not taken for a quote that went wrong."""
    damaged = "b,x\ry,z\n"
    assert read(HEADER + damaged + good(1)).unreadable == [Unreadable(2, "stray-return", damaged.encode())]


def test_quotes_within_an_unquoted_cell_are_text() -> None:
    """Only a quote at the start of a cell quotes it."""
    assert (
        read(HEADER + 'b,,,,ann@example.net,5.1.1,the "user" said",bad-mailbox\n').bounces[0].diagnostic
        == 'the "user" said"'
    )


def test_states_the_line_of_each_damaged_row() -> None:
    """Lines are those of the stream, whether in cells, between rows, glued, or within a row that stays open."""
    parts = [HEADER, FOLDED, "x,1\n", "\n", OPEN, good(1), OPEN, QUOTED, "x,2\n", "b,1" + OTHER, "x,3\n", OPEN]
    reading = read("".join(parts))
    assert [line for line, _ in reading.reasons] == [4, 6, 8, 10, 11, 12, 13]


@pytest.mark.parametrize("block", [1, 2, 5])
def test_blocks_within_an_open_cell_do_not_change_the_lines(block: int) -> None:
    """A block without a line end adds no lines, and takes none away."""
    data = HEADER + row(dsnDiag="a\nbcdefghijklmnop\nq") + "x,1\n"
    assert read(data, block=block).reasons == [(5, "unknown-type")]


def test_gives_up_an_open_row_that_has_swallowed_rows() -> None:
    """Where the input pauses within a quoted cell, rows that it took in are freed at once, and the rest goes on."""
    reader = PowerMtaCsvReader()
    assert not reader.feed((HEADER + OPEN + good(1)).encode())
    assert reader.is_open
    damaged, bounce = reader.give_up_open_row()
    assert damaged == Unreadable(2, "unclosed-quote", OPEN.encode())
    assert not isinstance(bounce, Unreadable)
    assert not reader.is_open
    assert reader.feed(b"x,\n") == [Unreadable(4, "unknown-type", b"x,\n")]


def test_keeps_an_open_row_that_has_swallowed_nothing() -> None:
    """A row that simply comes slowly is waited for."""
    reader = PowerMtaCsvReader()
    start, end = row(dsnDiag="one\ntwo\nthree").split("two")
    assert not reader.feed((HEADER + start).encode())
    assert not reader.give_up_open_row()
    assert reader.is_open
    assert len(reader.feed(f"two{end}".encode())) == 1


def test_a_given_up_row_leaves_an_open_row_behind_it_open() -> None:
    """Only the first open row is given up; one that begins behind it may still be closed."""
    reader = PowerMtaCsvReader()
    reader.feed((HEADER + OPEN + good(1) + 'b,,,,ann@example.net,x","one\n').encode())
    assert len(reader.give_up_open_row()) == 2
    (bounce,) = reader.feed(b'two"\n')
    assert isinstance(bounce, Bounce)
    assert bounce.diagnostic == "one\ntwo"


def test_the_columns_of_the_examples_are_those_of_the_header() -> None:
    """The tests above count cells."""
    assert HEADER.count(",") == len(COLUMNS) - 1

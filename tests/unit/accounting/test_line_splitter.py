"""Blocks become lines: however they fall, whatever the lines hold, and however long they are."""

import pytest

from bouncehandler.accounting import PowerMtaCsvReader
from tests.unit.accounting.examples import HEADER, good, only, read, row

BLOCKS = [1, 2, 3, 7, 50, 1000, 1 << 18]
MEGABYTES = "x" * 5_000_000


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\r\n"])
def test_rows_end_in_lf_or_crlf(end: str, block: int) -> None:
    """A line end is no part of the last cell, and both kinds may stand in one stream."""
    reading = read(HEADER.replace("\n", end) + good(1, end) + good(2), block=block)
    assert reading.recipients == ["good1@example.net", "good2@example.net"]
    assert {bounce.job_id for bounce in reading.bounces} == {"job1"}


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("text", ["one\ntwo", "one\r\ntwo", "\n", '"quoted"\n""', "a,b\n\n\nc,", "\n\r\n", 'it\'s "x"'])
def test_quoted_cells_hold_anything(text: str, block: int) -> None:
    """Commas, doubled quotes and line ends come out of a quoted cell as they were."""
    reading = read(HEADER + row(dsnDiag=text) + good(1), block=block)
    assert [bounce.diagnostic for bounce in reading.bounces] == [text, "smtp;550 5.1.1 user unknown"]


@pytest.mark.parametrize("text", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e"])
def test_only_lf_ends_a_line(text: str) -> None:
    """Other characters that some programs take for a line end are text."""
    assert only(HEADER + row(dsnDiag=f"a{text}b")).diagnostic == f"a{text}b"


@pytest.mark.parametrize("block", [4096, 1 << 18, 1 << 23])
@pytest.mark.parametrize(
    "text",
    [MEGABYTES, MEGABYTES + ",", MEGABYTES + "\nend", "a line of text\n" * 100_000],
    ids=["bare", "quoted", "two lines", "many lines"],
)
def test_a_row_has_no_length_worth_relying_on(text: str, block: int) -> None:
    """A diagnostic of megabytes is read like any other."""
    reading = read(HEADER + row(dsnDiag=text) + good(1), block=block)
    assert not reading.unreadable
    assert [len(bounce.diagnostic) for bounce in reading.bounces] == [len(text), 27]


@pytest.mark.parametrize("block", [1, 3, 64, 1 << 18])
def test_a_line_of_absurd_length_is_passed_on_in_pieces(block: int) -> None:
    """It is kept whole, byte by byte, counted once, and costs no row before or behind it."""
    long = "y" * 5000 + "\n"
    reading = read(HEADER + good(1) + long + good(2) + "x,\n", PowerMtaCsvReader(longest=1000), block)
    assert reading.reasons == [(3, "too-long"), (5, "unknown-type")]
    assert b"".join(row.raw for row in reading.unreadable if row.reason == "too-long") == long.encode()
    assert reading.recipients == ["good1@example.net", "good2@example.net"]


@pytest.mark.parametrize("block", [1, 100, 999, 1 << 18])
@pytest.mark.parametrize("before", ["", "x\n" * 50])
def test_a_line_is_too_long_from_one_byte_on(before: str, block: int) -> None:
    """The longest line is read in any block, the next longer one in none; its line end does not count."""
    reader = [PowerMtaCsvReader(longest=1000) for _ in range(2)]
    lines = [before + "y" * size + "\n" for size in (1000, 1001)]
    reasons = [read(line, reader, block).reasons[-1][1] for line, reader in zip(lines, reader, strict=True)]
    assert reasons == ["unknown-type", "too-long"]


@pytest.mark.parametrize("block", [1, 64, 1 << 18])
def test_a_line_of_absurd_length_may_be_the_last(block: int) -> None:
    """Without a line end it is kept as it is."""
    reading = read(HEADER + "y" * 5000, PowerMtaCsvReader(longest=1000), block)
    assert reading.reasons == [(2, "too-long")]
    assert b"".join(reading.raw) == b"y" * 5000


@pytest.mark.parametrize("block", [1, 64, 1 << 18])
def test_a_line_of_absurd_length_ends_an_open_row(block: int) -> None:
    """A line of absurd length ends an open row, which is damaged; both are kept, each with its own line."""
    start, long = 'b,"open\n' + good(1), "y" * 5000 + "\n"
    reading = read(HEADER + start + long + good(2), PowerMtaCsvReader(longest=1000), block)
    assert reading.reasons == [(2, "unclosed-quote"), (4, "too-long")]
    assert b"".join(reading.raw) == b'b,"open\n' + long.encode()
    assert reading.recipients == ["good1@example.net", "good2@example.net"]


@pytest.mark.parametrize("block", [1, 7, 64, 1000, 1 << 18])
def test_a_cell_that_stays_open_for_longer_than_a_row_can_be_is_given_up(block: int) -> None:
    """A never-closed quote keeps no more than one row's worth of lines back, wherever the blocks end."""
    rows = "".join(map(good, range(50)))
    reading = read(HEADER + 'b,"open\n' + rows + row(dsnDiag="a,b"), PowerMtaCsvReader(longest=1000), block)
    assert reading.reasons == [(2, "unclosed-quote")]
    assert reading.recipients == [f"good{number}@example.net" for number in range(50)] + ["ann@example.net"]


@pytest.mark.parametrize(
    "end", ["two\n", 'two",bad-mailbox,,job\n', 'two",bad-mailbox,a"b,job\n', 'two",bad-mailbox,"a ""b""",job\n']
)
def test_a_row_of_several_lines_is_read_as_soon_as_its_last_line_has_come(end: str) -> None:
    """A row of several lines does not wait for the next row, however many quotes its lines hold."""
    reader = PowerMtaCsvReader()
    reader.feed(HEADER.encode())
    assert not reader.feed(b'b,,,,ann@example.net,5.1.1,"one\n')
    assert bool(reader.feed(end.encode())) == end.startswith('two"')
    assert reader.is_open != end.startswith('two"')


@pytest.mark.parametrize("line", [row(dsnDiag="a, b"), row(dsnDiag="a\nb").partition("\n")[0] + "\n", 'b,a" and "b,\n'])
def test_a_never_closed_quote_is_found_as_soon_as_a_row_with_quotes_comes(line: str) -> None:
    """A never-closed quote is found before the stream ends."""
    reader = PowerMtaCsvReader()
    assert not reader.feed((HEADER + 'b,x,"open\n').encode())
    assert reader.feed(line.encode())


def test_keeps_little_of_a_cell_that_stays_open() -> None:
    """Rows that a quote has swallowed come out while the stream goes on, not only at its end."""
    reader = PowerMtaCsvReader(longest=10_000)
    reader.feed((HEADER + 'b,"open\n').encode())
    assert sum(len(reader.feed(good(number).encode())) for number in range(500)) > 400


def test_weighs_lines_and_not_only_characters() -> None:
    """Millions of empty lines in a cell take memory too: they count against the length of a row."""
    reader = PowerMtaCsvReader(longest=10_000)
    reader.feed((HEADER + 'b,"').encode())
    assert any(reader.feed(b"\n") for _ in range(1000))

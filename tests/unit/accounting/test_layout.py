"""The reader finds columns by their names, in whatever header came last."""

import pytest

from bouncehandler.accounting import DEFAULT_COLUMNS, TYPES, ColumnsMissing, PowerMtaCsvReader
from bouncehandler.record import DsnStatus
from tests.unit.accounting.examples import COLUMNS, HEADER, SAMPLES, only, read, row


def test_finds_columns_by_name_in_any_order() -> None:
    """The order of the columns is the header's, whatever it is."""
    columns = ("type", *sorted(COLUMNS[1:]))
    assert only(",".join(columns) + "\n" + row(columns)) == only(HEADER + row())


def test_finds_columns_without_regard_to_case_or_spaces() -> None:
    """`RCPT`, `rcpt` and ` Rcpt ` are one name."""
    header = ",".join(f" {name.upper()} " if at else name.upper() for at, name in enumerate(COLUMNS)) + "\n"
    assert only(header + row()) == only(HEADER + row())


def test_takes_a_header_at_any_position() -> None:
    """The header of each concatenated file holds for its own rows."""
    other = ("type", "bounceCat", "rcpt")
    data = HEADER + row() + ",".join(other) + "\n" + row(other, rcpt="bob@example.net") + HEADER + row()
    assert read(data).recipients == ["ann@example.net", "bob@example.net", "ann@example.net"]


@pytest.mark.parametrize("mark", ["type", "TYPE", '"type"', "\ufefftype", '\ufeff"Type"', " type "])
def test_knows_a_header_by_its_first_cell(mark: str) -> None:
    """A header begins with `type`, in any case, with or without quotes and a byte order mark, also in mid-stream."""
    other = mark + ",rcpt,bounceCat\n"
    reading = read(HEADER + row() + other + "b,bob@example.net,bad-mailbox\n")
    assert [(bounce.recipient, bounce.category) for bounce in reading.bounces][1:] == [
        ("bob@example.net", "bad-mailbox")
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_drops_a_byte_order_mark_that_blocks_cut(size: int) -> None:
    """The mark at the start of a stream is no part of the first cell, however the blocks fall."""
    assert read(b"\xef\xbb\xbf" + f'"type","rcpt"\nb,{"ann@example.net"}\n'.encode(), block=size).recipients == [
        "ann@example.net"
    ]


def test_reads_a_stream_that_is_nothing_but_half_a_mark() -> None:
    """Bytes that only begin like a byte order mark are a row like any other."""
    assert read(b"\xef\xbb", block=1).raw == [b"\xef\xbb"]


def test_pads_short_rows() -> None:
    """Cells that a row shorter than its header lacks are empty."""
    bounce = only(HEADER + "b,2026-01-05 10:00:00+0100,,news@example.com,ann@example.net\n")
    assert (bounce.originator, bounce.category, bounce.job_id, bounce.status) == ("news@example.com", "", "", None)


@pytest.mark.parametrize("extra", [",", ",x", ",x,y"])
def test_a_row_longer_than_its_header_is_unreadable(extra: str) -> None:
    """With more cells than columns they can't be matched: the row is kept, and those behind it are read."""
    wide = row().rstrip("\n") + extra + "\n"
    reading = read(HEADER + wide + row(rcpt="bob@example.net"))
    assert reading.reasons == [(2, "too-many-cells")]
    assert reading.raw == [wide.encode()]
    assert reading.recipients == ["bob@example.net"]


@pytest.mark.parametrize(("first", "second"), [("a", "b"), ("a", ""), ("", "b")])
@pytest.mark.parametrize("names", [("jobId", "jobId"), ("jobId", "JOBID"), ("jobid", "jobId")])
def test_of_duplicate_columns_the_first_that_is_not_empty_counts(
    names: tuple[str, str], first: str, second: str
) -> None:
    """PowerMTA writes exact duplicates, and names that differ in case alone."""
    data = f"type,rcpt,{names[0]},{names[1]}\nb,ann@example.net,{first},{second}\n"
    assert only(data).job_id == (first or second)


def test_a_duplicate_category_is_looked_at_before_a_row_is_ignored() -> None:
    """Where two columns hold the category, the empty one does not hide the other from the tally, or from the record."""
    data = "type,rcpt,bounceCat,bouncecat\nb,ann@example.net,,bad-mailbox\nb,bob@example.net,other,bad-mailbox\n"
    reading = read(data, PowerMtaCsvReader(ignored=["other", ""]))
    assert [bounce.category for bounce in reading.bounces] == ["bad-mailbox", "other"]


def test_a_remote_bounce_has_its_job_in_a_header_column() -> None:
    """`rb` rows lack jobId; the value of X-Job stands in header_X-job, and jobId goes first where both are filled."""
    columns = "type,rcpt,jobId,header_X-job\n"
    reading = read(columns + "rb,a@example.net,,remote\nb,b@example.net,own,remote\n")
    assert [bounce.job_id for bounce in reading.bounces] == ["remote", "own"]


def test_records_types_below_one_union_header() -> None:
    """Each record type has its own cells below one union header, and the others are empty."""
    reading = read((SAMPLES / "synthetic_union_rows.csv").read_bytes())
    bounce, remote = reading.bounces
    assert not reading.unreadable
    assert reading.reader.counted == {"b": 1, "rb": 1, "f": 1}
    assert (bounce.record_type, bounce.job_id, bounce.vmta, bounce.source_ip) == ("b", "camp1", "vmta1", "192.0.2.10")
    assert (remote.record_type, remote.job_id, remote.vmta, remote.queued_at) == ("rb", "", "", None)
    assert remote.diagnostic == "smtp;552 5.2.2 mailbox full\nsecond line"
    assert remote.status == DsnStatus(5, 2, 2)


@pytest.mark.parametrize(
    ("name", "recipients"),
    [
        ("real_b_port25bouncehandler_readme_2016.csv", ["xxx@domain.example", "yyy@anotherdomain.example"]),
        ("real_b_port25bouncehandler_issue3_2016.csv", ["nosuchuser1@gmail.example"] * 2),
        ("real_d_2014_timeImprinted.csv", []),
        ("synthetic_f_port25bouncehandler_columns.csv", []),
    ],
)
def test_reads_real_samples(name: str, recipients: list[str]) -> None:
    """Rows that PowerMTA has written are read without a loss."""
    reading = read((SAMPLES / name).read_bytes())
    assert reading.recipients == recipients
    assert not reading.unreadable
    assert not reading.missing


def test_reads_all_samples_as_one_stream() -> None:
    """`cat` of all files, each with its header, gives the same records as the files one by one."""
    files = [path.read_bytes() for path in sorted(SAMPLES.glob("*.csv"))]
    alone = [read(file) for file in files]
    together = read(b"".join(files))
    assert len(files) >= 5
    assert together.bounces == [bounce for reading in alone for bounce in reading.bounces]
    assert together.raw == [raw for reading in alone for raw in reading.raw]
    assert together.reader.counted.total() == sum(reading.reader.counted.total() for reading in alone)


@pytest.mark.parametrize("kind", TYPES)
def test_counts_every_type(kind: str) -> None:
    """Every record type is recognised and counted; only bounces become records."""
    reading = read(HEADER + row(type=kind) * 3)
    assert reading.reader.counted == {kind: 3}
    assert len(reading.bounces) == (3 if kind in {"b", "rb"} else 0)
    assert reading.reader.rows


@pytest.mark.parametrize("kind", ["x", "feedback-loop", "bounce", "bb", "", "0"])
def test_an_unknown_type_is_unreadable(kind: str) -> None:
    """A type that PowerMTA does not write is neither guessed nor dropped in silence."""
    reading = read(HEADER + row(type=kind) + row())
    assert reading.reasons == [(2, "unknown-type")]
    assert len(reading.bounces) == 1


@pytest.mark.parametrize("kind", ["B", '"b"', "\ufeffb", "\0\0b", " b "])
def test_recognises_a_type_in_any_spelling(kind: str) -> None:
    """Case, quotes, a mark, and the NULs of a log that was truncated while PowerMTA wrote, don't hide a type."""
    assert read(HEADER + kind + row()[1:]).recipients == ["ann@example.net"]


@pytest.mark.parametrize("kind", ["b", "rb"])
def test_falls_back_to_the_old_handlers_order_for_bounces(kind: str) -> None:
    """Without a header bounces have the order that the old handler's README prescribed."""
    sample = (SAMPLES / "real_b_port25bouncehandler_issue3_2016.csv").read_text()
    headed = read(sample.replace("\nb,", f"\n{kind},"))
    bare = read(sample.partition("\n")[2].replace("b,2016", f"{kind},2016"))
    assert bare.bounces == headed.bounces
    assert len(bare.bounces) == 2


def test_falls_back_to_the_old_handlers_order_for_complaints() -> None:
    """Without a header complaints have their own order: as wide as it is readable, wider it is not."""
    sample = (SAMPLES / "synthetic_f_port25bouncehandler_columns.csv").read_bytes().partition(b"\n")[2]
    assert read(sample).reader.counted == {"f": 3}
    assert read("f," + "," * len(DEFAULT_COLUMNS["f"]) + "\n").reasons == [(1, "too-many-cells")]


def test_counts_types_that_have_no_columns_to_fall_back_to() -> None:
    """Without a header a delivery of any width is counted: nothing of it is needed."""
    assert read("d," + "," * 30 + "\ntq,x\n").reader.counted == {"d": 1, "tq": 1}


def test_the_orders_to_fall_back_to_can_be_configured() -> None:
    """The order of columns for files without a header can be configured."""
    reader = PowerMtaCsvReader(columns={"b": ("type", "bounceCat", "rcpt")})
    (bounce,) = read("b,bad-domain,ann@example.net\n", reader).bounces
    assert (bounce.recipient, bounce.category) == ("ann@example.net", "bad-domain")


def test_states_once_a_header_which_columns_are_missing() -> None:
    """The first bounce below a header reports which decisive columns are missing, once a header."""
    header, line = "type,rcpt,vmta\n", "b,ann@example.net,v\n"
    reading = read(header + "d,bob@example.net,v\n" + line * 2 + header + line)
    lacking = ("bounceCat", "orig", "dsnStatus")
    assert reading.missing == [ColumnsMissing(3, lacking), ColumnsMissing(6, lacking)]


def test_states_nothing_of_missing_columns_where_no_bounce_comes() -> None:
    """A header of deliveries alone needs no bounce category."""
    assert not read("type,rcpt\nd,ann@example.net\n").missing


def test_ignored_categories_are_tallied_by_type() -> None:
    """Rows that policy ignores anyway become numbers, not records; every other row becomes a record."""
    rows = row(bounceCat="other") * 2 + row() + row(type="rb", bounceCat="other") + row(type="d", bounceCat="other")
    reader = read(HEADER + rows, PowerMtaCsvReader(ignored=["other"])).reader
    assert reader.tallies == {"b": {"other": 2}, "rb": {"other": 1}}
    assert reader.counted == {"b": 1, "d": 1}


def test_learns_to_ignore_a_category_on_the_way() -> None:
    """A category that is ignored from now on costs no record from the next block on."""
    reader = PowerMtaCsvReader()
    assert len(reader.feed((HEADER + row(bounceCat="custom")).encode())) == 1
    reader.ignore("custom")
    assert not reader.feed(row(bounceCat="custom").encode())
    assert reader.tallies["b"] == {"custom": 1}


def test_does_not_remember_a_category_of_absurd_length() -> None:
    """The set of categories is open, so what an odd row holds there must not stay in memory."""
    reader = PowerMtaCsvReader(ignored=["x" * 10_000])
    assert reader.tallies == {"b": {}, "rb": {}}


@pytest.mark.parametrize("data", ["", "\n\n", ",,,\n", " \n\t\n"])
def test_nothing_is_recognised_in_nothing(data: str) -> None:
    """Empty input, empty lines and empty cells are neither rows nor errors."""
    reading = read(data)
    assert not reading.unreadable
    assert not reading.reader.rows


def test_empty_lines_between_rows_are_no_rows() -> None:
    """They are skipped, and counted as lines."""
    reading = read(HEADER + "\n\r\n" + row() + "\n" + "x,\n")
    assert reading.recipients == ["ann@example.net"]
    assert reading.reasons == [(6, "unknown-type")]


def test_remembers_under_which_header_each_row_stood() -> None:
    """A rejected row keeps its header, so that it can be fed again, even where the two were on one line."""
    other = "type,timeLogged,rcpt\n"
    reader = read("x\n" + HEADER + "x,\n" + "b,torn" + other + "x,\n").reader
    assert reader.header_before(1) == b""
    assert reader.header_before(3) == HEADER.encode()
    assert reader.header_before(4) == HEADER.encode()
    assert reader.header_before(5) == other.encode()

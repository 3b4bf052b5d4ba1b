"""Whatever the bytes: the reader never raises, loses no good row, keeps every bad one, and heeds no block's end."""

import csv
import io
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bouncehandler.accounting import AnonymousComplaint, ColumnsMissing, PowerMtaCsvReader, Unreadable
from bouncehandler.record import Address, Bounce, DsnStatus, parse_status
from tests.examples import many
from tests.property.reference import READ, parts
from tests.property.streams import BOUNCE, HEADER, PIECES, events, expected, read, split

MANY = settings(max_examples=many(200), deadline=None)
STREAMS = st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=40).map(b"".join)
CUTS = st.lists(st.integers(0, 1 << 16), max_size=12)

GOOD = tuple(
    BOUNCE.replace(b"ann", f"good{number}".encode()) + text + end
    for number, (text, end) in enumerate(
        (text, end)
        for text in (
            b"",
            b"smtp;550 no",
            b'"smtp;550 no, never"',
            b'"a ""quoted"" word"',
            b'"one\ntwo\nb,three"',
            b"\xff\0",
        )
        for end in (b"\n", b"\r\n")
    )
)
"""Rows that can be read; no quoted cell of theirs begins with a comma, a line end or nothing (see `BAD`)."""

BAD = (
    *(
        b'b,x,"never closed\n',
        b'b,x,"never closed\nand more\n',
        b'rb,"a\r\n',
        b'b,a"b,"open\n',
        b'"never closed, anywhere\n',
    ),
    *(
        b'b,"x"y,z\n',
        b'"b"x,\n',
        b"b,x\ry\n",
        BOUNCE + b",,,\n",
        b"b,,,,,,\n",
        b"b,,,,...,,\n",
        b"x,y\n",
        b"\xff\0\xfe\n",
    ),
    *(b"b,2026,bad-mailbox,news@" + HEADER, b'b,2026,"bad' + HEADER, b"bob@example.net\n", b"\n", b",,,\n", b"word\n"),
)
"""Damage of every kind that CSV can't make sense of.

What a never-closed quote may cost is what CSV itself puts into its cell: all up to a quote that closes it, which a
comma or a line end follows. There is no such quote here but at the ends of good cells, and those are opened first.
"""

ROWS = st.lists(st.sampled_from(GOOD) | st.sampled_from(BAD), max_size=30).map(lambda rows: HEADER + b"".join(rows))

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
TIMES = st.none() | st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001  # made aware here
    lambda at: at.replace(microsecond=0, tzinfo=UTC)
)
ADDRESSES = st.from_regex(r"[a-z0-9äж][a-z0-9äж+'&.=]{0,20}@[a-z0-9é-]{1,20}\.example", fullmatch=True).map(Address)
STATUSES = st.none() | st.builds(DsnStatus, st.sampled_from([2, 4, 5]), st.integers(0, 999), st.integers(0, 999))
COLUMNS = (
    *("timeLogged", "timeQueued", "rcpt", "orig", "bounceCat", "dsnStatus", "dsnDiag", "dsnMta", "jobId", "vmta"),
    "dlvSourceIp",
)


@st.composite
def bounces(draw: st.DrawFn) -> Bounce:
    """Any bounce that a row can hold."""
    status = draw(STATUSES)
    words = f"{status} {draw(TEXTS)}" if status else draw(TEXTS.filter(lambda text: not parse_status(text)))
    originator, category, diagnostic, remote_mta, job_id, vmta, source_ip = (draw(TEXTS) for _ in range(7))
    return Bounce(
        "b" if draw(st.booleans()) else "rb",
        draw(ADDRESSES),
        draw(TIMES),
        draw(TIMES),
        originator,
        category,
        status,
        words,
        diagnostic,
        remote_mta,
        job_id,
        vmta,
        source_ip,
    )


@MANY
@given(st.binary(max_size=400) | STREAMS | ROWS, CUTS)
def test_any_bytes_in_any_blocks_give_the_same_items(data: bytes, cuts: list[int]) -> None:
    """Nothing raises, and no item depends on where a block ends: neither in one, nor cut anywhere, nor byte by byte."""
    whole = read([data])
    assert read(split(data, cuts)) == whole
    assert read(data[at : at + 1] for at in range(len(data))) == whole


@MANY
@given(STREAMS | ROWS, CUTS, st.integers(1, 600))
@example(HEADER + GOOD[0] + GOOD[1].replace(b"\n", b"\r\n"), [], len(GOOD[0]) - 1)
def test_rows_too_long_depend_on_no_block(data: bytes, cuts: list[int], longest: int) -> None:
    """Neither do rows that are given up for their length; of lines that are, the pieces make the whole."""
    whole = events(read([data], PowerMtaCsvReader(longest=longest)))
    assert events(read(split(data, cuts), PowerMtaCsvReader(longest=longest))) == whole
    assert events(read((data[at : at + 1] for at in range(len(data))), PowerMtaCsvReader(longest=longest))) == whole


@MANY
@given(st.binary(max_size=400) | STREAMS | ROWS, CUTS)
def test_reads_what_the_reference_reads(data: bytes, cuts: list[int]) -> None:
    """Records, and reason, line and bytes of each row that is none, are those of a plain and slow reader."""
    assert events(read(split(data, cuts))) == expected(data)


@MANY
@given(STREAMS | ROWS)
def test_every_byte_is_accounted_for(data: bytes) -> None:
    """Accepted and rejected parts make up the whole input, in order."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode(errors="surrogateescape")
    found = list(parts(text))
    assert "".join(part.text for part in found) == text
    aside = [part.text for part in found if part.what not in READ]
    raw = [item.raw for item in read([data]) if isinstance(item, Unreadable | AnonymousComplaint)]
    assert raw == [text.encode(errors="surrogateescape") for text in aside]


@MANY
@given(st.lists(st.sampled_from(GOOD) | st.sampled_from(BAD), max_size=30), CUTS)
def test_no_good_row_is_lost_behind_a_bad_one(rows: list[bytes], cuts: list[int]) -> None:
    """Between damaged rows of every kind each good row is read, in order, and once."""
    wanted = [f"good{GOOD.index(row)}@example.net" for row in rows if row in GOOD]
    items = read(split(HEADER + b"".join(rows), cuts))
    assert [item.recipient for item in items if isinstance(item, Bounce)] == wanted


@MANY
@given(
    st.lists(
        st.sampled_from(["good0@example.net", "ж@bücher.example"])
        | st.sampled_from(['"x', 'x,"y', "x", '"x"y', "x\ry"]),
        max_size=20,
    ),
    CUTS,
)
def test_no_address_of_a_list_is_lost_behind_a_bad_line(lines: list[str], cuts: list[int]) -> None:
    """No address of a plain list is lost behind a bad line."""
    data = "email\n" + "".join(f"{line}\n" for line in lines)
    items = read(split(data.encode(), cuts))
    assert [value for what, value, _, _ in events(items) if what == "list"] == [line for line in lines if "@" in line]


@MANY
@given(st.lists(st.sampled_from(PIECES), max_size=20).map(b"".join), CUTS)
def test_nothing_in_a_well_formed_cell_is_read(text: bytes, cuts: list[int]) -> None:
    """Whatever a remote server wrote: quoted as CSV does, it is one cell of one row."""
    cell = b'"' + text.replace(b'"', b'""') + b'"\n'
    items = read(split(HEADER + BOUNCE + cell + GOOD[0], cuts))
    assert [type(item) for item in items] == [Bounce, Bounce]
    assert [item.recipient for item in items if isinstance(item, Bounce)] == ["ann@example.net", "good0@example.net"]


@MANY
@given(STREAMS | ROWS, CUTS)
@example(b"b,,other,,,ann@y.example,,,,,,\nbob@example.net,x\n", [])
def test_ignoring_a_category_changes_nothing_else(data: bytes, cuts: list[int]) -> None:
    """Rows that are only tallied are just those that would have been items, and the others stay the same."""
    every = [item for item in read([data]) if not isinstance(item, ColumnsMissing)]
    reader = PowerMtaCsvReader(ignored=["other", "bad-mailbox", ""])
    rest = [item for item in read(split(data, cuts), reader) if not isinstance(item, ColumnsMissing)]
    left = iter(every)
    assert all(item in left for item in rest)
    assert len(every) - len(rest) == sum(sum(tally.values()) for tally in reader.tallies.values())


@MANY
@given(STREAMS | ROWS)
@example(b"b,,other,,,ann@y.example,,,,,,\n")
def test_what_is_only_tallied_is_recognised_too(data: bytes) -> None:
    """Rows that are only counted are recognised, too, so that no input of them is refused."""
    plain, reader = PowerMtaCsvReader(), PowerMtaCsvReader(ignored=["other", "bad-mailbox", ""])
    read([data], plain)
    read([data], reader)
    assert bool(reader.rows) >= bool(plain.rows)
    assert not (reader.refusal() and not plain.refusal())


@MANY
@given(st.lists(bounces(), max_size=5), st.permutations(COLUMNS), CUTS)
def test_a_record_written_as_csv_is_read_as_that_record(
    records: list[Bounce], columns: list[str], cuts: list[int]
) -> None:
    """Record to CSV to record, whatever the cells hold and in whatever order the columns stand."""
    data = _csv(["type", *columns], [_cells(record) for record in records])
    assert read(split(data, cuts)) == records


@MANY
@given(bounces(), st.sets(st.sampled_from(["timeLogged", "dsnDiag", "dsnMta", "vmta", "dlvSourceIp"])))
def test_the_id_of_a_record_does_not_depend_on_its_columns(record: Bounce, dropped: set[str]) -> None:
    """Fed from a file with fewer columns it is the same record, as long as those are there that the id is made of."""
    cells = _cells(record._replace(queued_at=record.queued_at or datetime(2026, 1, 5, tzinfo=UTC)))
    (whole,), (less,) = (read([_csv([n for n in cells if n not in out], [cells])]) for out in (set[str](), dropped))
    assert isinstance(whole, Bounce)
    assert isinstance(less, Bounce)
    assert whole.id == less.id


@MANY
@given(bounces(), bounces())
def test_records_that_report_something_else_have_other_ids(first: Bounce, second: Bounce) -> None:
    """Two ids are the same only where all is the same that they are made of."""
    same = [
        (r.record_type, r.recipient, r.originator, r.category, r.status, r.job_id, _moment(r)) for r in (first, second)
    ]
    assert (first.id == second.id) == (same[0] == same[1])


def _moment(record: Bounce) -> object:
    return record.queued_at or record.logged_at or record.diagnostic


def _cells(record: Bounce) -> dict[str, str]:
    zone = timezone(timedelta(hours=-4))
    times = [at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S%z") if at else "" for at in record[2:4]]
    texts = (record.recipient, record.originator, record.category, record.status_text, record.diagnostic)
    rest = (record.remote_mta, record.job_id, record.vmta, record.source_ip)
    return {"type": record.record_type, **dict(zip(COLUMNS, (*times, *texts, *rest), strict=True))}


def _csv(names: list[str], rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, names, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()

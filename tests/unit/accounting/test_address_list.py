"""Plain lists: every address that is fed by hand is read, whatever program wrote the list."""

import pytest

from bouncehandler.accounting import DEFAULT_COLUMNS
from tests.unit.accounting.examples import HEADER, good, read, row

TWO = ["ann@example.net", "bob@example.org"]


@pytest.mark.parametrize(
    "heading",
    [
        "",
        *("email\n", "Email\n", "E-Mail\n", "e-mail_address\n", "EMAIL ADDRESS\n", "Subscriber Email\n", "recipient\n"),
        *(
            "address,name\n",
            "email;name\n",
            "email\tname\n",
            '"email"\n',
            '"Email";"Name"\n',
            "\ufeffemail\n",
            "rcpt\n",
        ),
        *("user_emails\n", " email \n", "\nemail\n\n"),
    ],
)
def test_reads_a_list_with_or_without_heading(heading: str) -> None:
    """A heading is no address, and no error."""
    reading = read(heading + "ann@example.net\nbob@example.org\n")
    assert reading.listed == TWO
    assert not reading.unreadable
    assert reading.reader.counted == {"list": 2}


@pytest.mark.parametrize("line", ["ann@example.net", "ann@example.net\r\n", "ann@example.net\n\n"])
def test_reads_the_last_line_with_or_without_end(line: str) -> None:
    """Editors leave out the last line end; the address is whole."""
    assert read("bob@example.org\n" + line).listed == ["bob@example.org", "ann@example.net"]


@pytest.mark.parametrize(
    "line",
    [
        *("ann@example.net,Ann,Smith", "ann@example.net;Ann", "ann@example.net\tAnn", "ann@example.net , Ann"),
        *("<ann@example.net>", "Ann <ann@example.net>", '"Ann" <ann@example.net>', '"Smith, A" <ann@example.net>,x'),
        *(
            '"ann@example.net"',
            '"ann@example.net";"Ann"',
            '"ann@example.net"\t"Ann"',
            "  ann@example.net  ",
            "\ufeffann@example.net",
        ),
        *("ANN@EXAMPLE.NET", '"ann@example.net","Ann ""A"" Smith"', 'ann@example.net,"a name\nof two lines"'),
    ],
)
def test_takes_the_address_in_the_first_cell(line: str) -> None:
    """Commas, semicolons, tabs, quotes, brackets and names stand round addresses in lists."""
    reading = read(line + "\nbob@example.org\n")
    assert reading.listed == TWO
    assert not reading.unreadable


@pytest.mark.parametrize(
    "address",
    [
        "jörg@bücher.example",
        "用户@例子.example",
        "δοκιμή@παράδειγμα.example",
        "a&b@example.com",
        "o'brien+x@example.com",
    ],
)
def test_reads_internationalised_and_odd_addresses(address: str) -> None:
    """Addresses of any script pass (RFC 6531), and so do the characters that break XML and SQL."""
    assert read(address + "\n").listed == [address]


@pytest.mark.parametrize(
    "line", ["not an address", "ann@", "@example.net", "...", "ann@example", "j\udcf6rg@example.com"]
)
def test_reports_what_is_no_address(line: str) -> None:
    """A line of a list without an address is kept with its reason."""
    reading = read("ann@example.net\n" + line + "\nbob@example.org\n")
    assert reading.listed == TWO
    assert reading.reasons == [(2, "not-an-address")]
    assert reading.raw == [line.encode(errors="surrogateescape") + b"\n"]


@pytest.mark.parametrize("block", [*range(1, 30), 1 << 18])
@pytest.mark.parametrize(
    "damaged",
    ['"eve@example.com\n', '"eve@example.com,x\n', 'x,"\n', 'eve@example.com,"open\n', '"', '"\n', '"x"y\n', "x\ry\n"],
)
def test_a_damaged_line_costs_itself(damaged: str, block: int) -> None:
    """A never-closed quote, a stray quote or return in a list costs no other address."""
    first, second = "ann@example.net\n", 'bob@example.org,"Bob, B"\nzoe@example.net;z\n'
    end = "" if damaged.endswith("\n") else "\n"
    reading = read(first + damaged + end + second, block=block)
    assert reading.listed == [*TWO, "zoe@example.net"]
    assert reading.raw == [(damaged + end).encode()]


def test_lists_that_end_their_lines_in_cr_are_no_single_address() -> None:
    """A list with CR as its line end is rejected whole, rather than read in part."""
    for data in (
        "ann@example.net\rbob@example.org\r",
        '"ann@example.net"\r"bob@example.org"\r',
        '"a@b.example";x\rb@c.example',
    ):
        reading = read(data)
        assert not reading.listed
        assert reading.raw == [data.encode()]


def test_lists_can_be_concatenated() -> None:
    """A heading in the middle is a heading."""
    reading = read("email\nann@example.net\nemail;name\nbob@example.org;b\n")
    assert reading.listed == TWO
    assert not reading.unreadable


def test_a_list_of_something_else_is_not_recognised() -> None:
    """Words are no heading, and nothing is recognised in them."""
    reading = read("some words\nother words\n")
    assert reading.reasons == [(1, "unknown-type"), (2, "unknown-type")]
    assert not reading.reader.rows


@pytest.mark.parametrize("start", [HEADER, HEADER + good(1)])
def test_an_address_below_a_header_is_no_list(start: str) -> None:
    """Among accounting records a line that begins with an address is the rest of a torn row: it was not asked for."""
    reading = read(start + "victim@example.net,x\n" + good(2))
    assert not reading.listed
    assert [reason for _, reason in reading.reasons] == ["unknown-type"]


def test_an_address_among_records_without_header_is_no_list() -> None:
    """Records in the fall-back order are records too."""
    columns = DEFAULT_COLUMNS["b"]
    reading = read(row(columns) + 'b,"open\n' + "victim@example.net,x\n" + row(columns))
    assert not reading.listed
    assert len(reading.bounces) == 2
    assert reading.raw == [b'b,"open\nvictim@example.net,x\n']


def test_a_letter_on_a_line_does_not_end_a_list() -> None:
    """A list may be divided by letters that happen to be record types: it stays a list."""
    assert read("ann@example.net\nB\nbob@example.org\n").listed == TWO


def test_records_may_follow_a_list() -> None:
    """A header ends a list."""
    reading = read("ann@example.net\n" + HEADER + good(1) + "bob@example.org\n")
    assert reading.listed == ["ann@example.net"]
    assert reading.recipients == ["good1@example.net"]
    assert reading.reasons == [(4, "unknown-type")]


def test_names_that_hold_lines_bring_no_addresses() -> None:
    """Lines within a quoted name are no addresses."""
    reading = read('ann@example.net,"x\nvictim@example.net,y"\n"no address\nvictim@example.net"\nbob@example.org\n')
    assert reading.listed == TWO
    assert reading.raw == [b'"no address\nvictim@example.net"\n']

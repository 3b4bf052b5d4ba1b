"""Addresses, statuses and ids: the values that suppressions rest on."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from bouncehandler.record import MAX_ADDRESS, Address, Bounce, DsnStatus, ListedAddress, parse_address, parse_status
from tests.unit.accounting.examples import COLUMNS, only, row

LOGGED = datetime(2026, 1, 5, 9, 0, 0, tzinfo=UTC)
BOUNCE = Bounce(
    "b",
    Address("ann@example.net"),
    logged_at=LOGGED,
    queued_at=LOGGED - timedelta(seconds=2),
    originator="news@example.com",
    category="bad-mailbox",
    status=DsnStatus(5, 1, 1),
    status_text="5.1.1 (bad destination mailbox address)",
    diagnostic="smtp;550 5.1.1 user unknown",
    remote_mta="mx.example.net (192.0.2.1)",
    job_id="job1",
    vmta="vmta1",
    source_ip="192.0.2.10",
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ann@example.net", "ann@example.net"),
        ("Ann.Smith+News@Example.NET", "ann.smith+news@example.net"),
        ("<ann@example.net>", "ann@example.net"),
        ('"Ann" <ann@example.net>', "ann@example.net"),
        ('"eve@example.com" <ann@example.net>', "ann@example.net"),
        ("  ann@example.net\t", "ann@example.net"),
        ("o'brien+x@example.com", "o'brien+x@example.com"),
        ("a&b@example.com", "a&b@example.com"),
        ("_ann_@sub-domain.example.com", "_ann_@sub-domain.example.com"),
        ("a..b.@example.jp", "a..b.@example.jp"),
        ('"ann smith"@example.net', '"ann smith"@example.net'),
        ("ann@[192.0.2.1]", "ann@[192.0.2.1]"),
        ("ann@[IPv6:2001:DB8::1]", "ann@[ipv6:2001:db8::1]"),
        ("ann@my_host.example", "ann@my_host.example"),
        ("Jörg@Bücher.Example", "jörg@bücher.example"),
        ("ÄNN@example.net", "Änn@example.net"),
        ("用户@例子.广告", "用户@例子.广告"),
        ("x@x.example", "x@x.example"),
    ],
)
def test_reads_addresses(text: str, address: str) -> None:
    """Brackets, names and spaces fall away, ASCII letters are lowered, and others are left as they are."""
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "ann", "@", "ann@", "@example.net", "ann@example", "ann@.net", "ann@example.", "ann@exa mple.net"),
        *(
            "ann smith@example.net",
            "ann@example.net, bob@example.net",
            "ann@@example.net",
            "a@b@example.net",
            "<>",
            ">",
        ),
        *("ann@example.net\nbob@example.net", "ann\0@example.net", "a\u202enn@example.net", "a\u200bnn@example.net"),
        *(
            "ann@example.net (Ann)",
            "mailto:ann@example.net",
            "a\\b@example.net",
            "ann@exam\ufeffple.net",
            "j\udcf6rg@x.example",
        ),
        *(
            "ann@example.net;",
            "(ann)@example.net",
            "ann@[x]",
            "ann\uff20example.net",
            "a\x85b@example.net",
            "a\xadb@example.net",
        ),
    ],
)
def test_refuses_what_is_no_address(text: str) -> None:
    """More than one address, control and invisible characters, comments and halves are no address."""
    assert parse_address(text) is None


@pytest.mark.parametrize(
    "text",
    ["...", "...@example.net", "*@example.net", "***@example.net", "….@example.net", "X", "0cc175b9c0f1b6a831c399e2"],
)
def test_refuses_redacted_addresses(text: str) -> None:
    """Dots and asterisks stand for a name that was taken out; X and a hash alone have no domain."""
    assert parse_address(text) is None


def test_an_address_has_a_longest_length() -> None:
    """RFC 5321 4.5.3.1; a display name does not count."""
    longest = "a" * 64 + "@" + "b" * (MAX_ADDRESS - 70) + ".test"
    assert len(longest) == MAX_ADDRESS
    assert parse_address(longest) == longest
    assert parse_address(f"{'Name' * 1000} <{longest}>") == longest
    assert parse_address(f"a{longest}") is None
    assert parse_address("é" + longest) is None


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "a@" * 500_000, "<" * 1_000_000 + ">", "a." * 500_000 + "@x.example", "@" * 1_000_000]
)
def test_a_text_of_any_length_is_soon_no_address(text: str) -> None:
    """Hostile cells cost nothing."""
    assert parse_address(text) is None


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("5.1.1 (bad destination mailbox address)", (5, 1, 1)),
        ("4.4.1 (no answer from host)", (4, 4, 1)),
        ("2.0.0 (success)", (2, 0, 0)),
        ("5.7.509", (5, 7, 509)),
        (" 5.1.10 ", (5, 1, 10)),
        ("5.1.1;x", (5, 1, 1)),
    ],
)
def test_reads_statuses(text: str, status: tuple[int, int, int]) -> None:
    """The code stands in front, PowerMTA's words behind it (RFC 3463 2)."""
    assert parse_status(text) == status
    assert str(parse_status(text)) == ".".join(map(str, status))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bad mailbox",
        "550 5.1.1",
        "5.1",
        "3.1.1",
        "5.1.1000",
        "51.1.1",
        "5.x.x",
        "5.\u0661.\u0661",
        "x5.1.1",
        " " * 100_000 + "5.1.1",
    ],
)
def test_anything_else_is_no_status(text: str) -> None:
    """A class that RFC 3463 doesn't know, other digits than ASCII ones, and numbers of four digits are none."""
    assert parse_status(text) is None


def test_statuses_of_any_length_are_not_kept_in_memory() -> None:
    """The cache keeps the beginning of a hostile status: two with the same beginning are one value."""
    first, second = (parse_status("5.1.1 (" + char * 100_000) for char in "xy")
    assert first == second == (5, 1, 1)


@pytest.mark.parametrize(
    ("bounce", "golden"),
    [
        (BOUNCE, "695b7d8ebb7803c1fd9c8ffa"),
        (BOUNCE._replace(record_type="rb", queued_at=None), "695b7d90c1c04c0ab71af542"),
        (BOUNCE._replace(queued_at=None, logged_at=None), "00000000f1abc3d3129932b7"),
        (Bounce("b", Address("ann@example.net")), "00000000f1657126bd0a771b"),
        (BOUNCE._replace(recipient=Address("用户@例子.广告"), originator="\\xf6"), "695b7d8ef2ef686e59cdb786"),
        (BOUNCE._replace(originator="a\x1fb"), "695b7d8e9978c8616ad380d3"),
    ],
)
def test_ids_never_change(bounce: Bounce, golden: str) -> None:
    """Ids are in spools all over the world: with another hash every file that is fed again would count anew."""
    assert bounce.id == golden


def test_ids_of_listed_addresses_never_change() -> None:
    """Ids of listed addresses contain the day, so that a list can be fed again next year."""
    listed = ListedAddress(Address("ann@example.net"))
    assert listed.id_on("2026-01-05") == "000000005fad83afa9758b27"
    assert listed.id_on("2026-01-06") != listed.id_on("2026-01-05")


@pytest.mark.parametrize(
    "other",
    [
        BOUNCE._replace(record_type="rb"),
        BOUNCE._replace(recipient=Address("bob@example.net")),
        BOUNCE._replace(originator="other@example.com"),
        BOUNCE._replace(category="bad-domain"),
        BOUNCE._replace(status=DsnStatus(5, 1, 2)),
        BOUNCE._replace(status=None),
        BOUNCE._replace(job_id="job2"),
        BOUNCE._replace(queued_at=LOGGED),
        BOUNCE._replace(originator="news@example.com\x1fbad-mailbox", category=""),
        BOUNCE._replace(originator="", category="news@example.combad-mailbox"),
    ],
)
def test_other_fields_make_another_id(other: Bounce) -> None:
    """Bounces that differ in a field are two, and a field can't reach into the next one."""
    assert other.id != BOUNCE.id


def test_a_field_with_the_separator_is_not_the_same_as_one_without() -> None:
    """No text stands for another."""
    texts = ["a b", "a\x1fb", "a\\x1fb", "3:a\x1fb", "ab"]
    assert len({BOUNCE._replace(originator=text).id for text in texts}) == len(texts)


@pytest.mark.parametrize(
    "other",
    [
        BOUNCE._replace(logged_at=None),
        BOUNCE._replace(logged_at=LOGGED + timedelta(hours=1)),
        BOUNCE._replace(diagnostic="", remote_mta="", vmta="", source_ip="", status_text="5.1.1"),
        BOUNCE._replace(queued_at=(LOGGED - timedelta(seconds=2)).astimezone(timezone(timedelta(hours=5)))),
    ],
)
def test_columns_that_some_sets_lack_don_t_make_another_id(other: Bounce) -> None:
    """The old handler's columns have no timeLogged; a file with more columns holds the same bounces."""
    assert other.id == BOUNCE.id


def test_the_same_bounce_has_one_id_in_every_column_set() -> None:
    """In the pipe's columns, in the file's, in any order and with either notation of times, it is one bounce."""
    cells = {"timeQueued": "2026-01-05 09:59:58+0100"}
    sets = [
        COLUMNS,
        tuple(reversed(COLUMNS[1:])),
        tuple(name for name in COLUMNS if name not in {"timeLogged", "vmta", "dsnDiag"}),
        (*COLUMNS, "header_X-job", "vmtaPool", "jobId"),
    ]
    made = [("type", *(name for name in columns if name != "type")) for columns in sets]
    ids = {only(",".join(columns) + "\n" + row(columns, **cells)).id for columns in made}
    unix = only(",".join(COLUMNS) + "\n" + row(timeQueued="1767603598", timeLogged="1767603600")).id
    assert ids == {unix}


def test_without_a_time_the_diagnostic_shows_bounces_apart() -> None:
    """Two bounces of one recipient that came without times are two if the diagnostics differ."""
    first, second = (BOUNCE._replace(logged_at=None, queued_at=None, diagnostic=text) for text in ("one", "two"))
    assert first.id != second.id


def test_a_bounce_happened_when_it_was_logged() -> None:
    """A bounce's time is that of the log, else that at which the message was queued, else none."""
    assert BOUNCE.occurred_at == LOGGED
    assert BOUNCE._replace(logged_at=None).occurred_at == LOGGED - timedelta(seconds=2)
    assert Bounce("b", Address("ann@example.net")).occurred_at is None

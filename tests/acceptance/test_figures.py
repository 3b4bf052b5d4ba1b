"""Hourly counts of all rows in the spool: complete, by hour, and without addresses."""

from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bouncehandler.spool import HourlyCount
from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.acceptance.harness import Program, Row, accounting, bounce

HOUR = int(datetime(2026, 3, 1, 9, tzinfo=UTC).timestamp()) // 3600
FAR = 10_000_000_000.0


def hourly_counts(program: Program) -> list[HourlyCount]:
    """All hourly counts of the spool."""
    with closing(SqliteSpool.open_reading(program.spool)) as spool:
        return list(spool.hourly_counts(0, FAR))


def named(found: list[HourlyCount], dimension: str, **only: str) -> dict[str, int]:
    """The numbers of a dimension by name."""
    numbers: Counter[str] = Counter()
    for one in found:
        if one.dimension == dimension and all(getattr(one, name) == value for name, value in only.items()):
            numbers[one.value] += one.number
    return dict(numbers)


def ignored(number: int, **cells: str) -> Row:
    """A bounce that the policy ignores, with a sender of its own."""
    plain = {
        "orig": f"b-{number}-jane=gmail.com@Bounce.Example.com",
        "dsnStatus": "5.7.1 (no)",
        "dsnDiag": f"smtp;550 5.7.1 <jane{number}@gmail.com>: Message {number} refused by policy",
        "jobId": "june",
    }
    return bounce(f"jane{number}@gmail.com", "spam-related", **{**plain, **cells})


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """An installation without providers."""
    return Program(tmp_path)


def test_ignored_rows_are_in_every_hourly_count(program: Program) -> None:
    """Rows that never become records are counted in every dimension, some hundred at a time."""
    rows = [ignored(n, vmta=f"vmta{n % 2}") for n in range(1000)]
    rows += [ignored(n, timeLogged="2026-03-01 10:15:00+0000", bounceCat="policy-related") for n in range(5)]
    assert program.feed(rows).status == 0
    found = hourly_counts(program)
    assert {one.kind for one in found} == {"bounce"}
    assert {one.verdict for one in found} == {"ignore"}
    assert {one.hour: one.number for one in found if not one.dimension} == {HOUR: 1000, HOUR + 1: 5}
    assert named(found, "category") == {"spam-related": 1000, "policy-related": 5}
    assert named(found, "rule") == {
        'policy.bounce.spam-related = "ignore"': 1000,
        'policy.bounce.policy-related = "ignore"': 5,
    }
    assert named(found, "mailbox_provider") == {"gmail": 1005}
    assert named(found, "originator") == {"bounce.example.com": 1005}
    assert named(found, "vmta") == {"vmta0": 500, "vmta1": 505}
    assert named(found, "source") == {"192.0.2.1": 1005}
    assert named(found, "job") == {"june": 1005}
    assert named(found, "diagnostic") == {"550 5.7.1 message refused by policy": 1005}


def test_rows_one_by_one_are_counted_the_same(program: Program, tmp_path: Path) -> None:
    """Rows that are logged one by one have the same hourly counts as those that are only counted."""
    rows = [*(ignored(n) for n in range(300)), *(bounce(f"user{n}@example.com") for n in range(300))]
    program.feed(rows)
    (tmp_path / "other").mkdir()
    other = Program(tmp_path / "other")
    other.feed(rows, "--debug")
    assert hourly_counts(program) == hourly_counts(other)


def test_no_address_is_in_the_hourly_counts(program: Program) -> None:
    """No address of a person survives in any name, wherever PowerMTA or a server put it."""
    subject = "jane.roe@private.example"
    cells = {
        "orig": f"<{subject}>",
        "jobId": subject,
        "vmta": f"to {subject}",
        "dsnDiag": f"smtp;550 {subject} jane.roe=40private.example unknown",
        "bounceCat": subject,
    }
    program.feed(
        [bounce(subject, **cells), ignored(1, **(cells | {"bounceCat": "spam-related"})), ignored(2, rcpt="jane.roe")]
    )
    text = str(hourly_counts(program))
    assert "@" not in text
    assert "jane" not in text
    assert "private.example" in text  # the mailbox provider


def test_every_kind_has_its_hourly_counts(program: Program) -> None:
    """Complaints, deliveries, delays, listed addresses and unreadable rows have hourly counts of their own."""
    plain = {"type": "d", "timeLogged": "2026-03-01 09:30:05+0000", "rcpt": "ann@gmail.com", "orig": "news@x.example"}
    rows = [
        plain,
        plain | {"type": "t", "dsnDiag": "smtp;421 4.7.0 try again later", "bounceCat": "quota-issues"},
        plain | {"type": "f", "feedbackType": "abuse"},
        plain | {"type": "f", "feedbackType": "not-spam"},
    ]
    data = accounting(rows, "type,timeLogged,rcpt,orig,dsnDiag,bounceCat,feedbackType") + b"zz,no\n"
    program.feed(data)
    program.feed(b"bob@yahoo.com\ncarl@yahoo.com\n")
    found = hourly_counts(program)
    whole = {(one.kind, one.verdict): one.number for one in found if not one.dimension}
    assert whole == {
        ("delivery", ""): 1,
        ("transient", ""): 1,
        ("complaint", "suppress"): 1,
        ("complaint", "ignore"): 1,
        ("unreadable", ""): 1,
        ("list", "suppress"): 2,
    }
    assert named(found, "category", kind="complaint") == {"abuse": 1, "not-spam": 1}
    assert named(found, "diagnostic", kind="transient") == {"421 4.7.0 try again later": 1}
    assert named(found, "reason") == {"unknown-type": 1}
    assert named(found, "mailbox_provider", kind="list") == {"yahoo": 2}


def test_two_runs_add_up(program: Program) -> None:
    """The same file again is read again, and counted again; a dry run and a replay are not."""
    program.feed([ignored(1)])
    program.feed([ignored(1)])
    program.feed([ignored(1)], "--dry-run")
    archive = program.folder / "archive.csv"
    archive.write_bytes(accounting([ignored(1)]))
    program.run("replay", str(archive))
    assert named(hourly_counts(program), "") == {"": 2}


def test_several_processes_add_up(program: Program) -> None:
    """Pipes that read at the same time add to the same hourly counts and counters."""
    program.feed(b"")
    with program.start("--no-dispatch") as one, program.start("--no-dispatch") as other:
        for running, first in ((one, 0), (other, 1000)):
            running.write(accounting(ignored(n) for n in range(first, first + 300)))
        for running in (one, other):
            assert running.finish().status == 0
    assert named(hourly_counts(program), "") == {"": 600}
    with closing(SqliteSpool.open_reading(program.spool)) as spool:
        (records,) = [total for total in spool.counters() if total.name == "records"]
    assert dict(records.labels) == {"type": "b", "verdict": "ignore"}
    assert records.number == 600


def test_a_quiet_pipe_commits_its_hourly_counts_within_seconds(program: Program) -> None:
    """Rows that are ignored are on disk soon, though nothing comes after them and nothing else is to be committed."""
    program.feed(b"")
    with program.start() as running:
        running.write(accounting([ignored(1)]))
        running.wait_until(lambda: bool(program.spool.exists() and hourly_counts(program)))
        running.finish()
    assert named(hourly_counts(program), "") == {"": 1}


def test_old_hourly_counts_are_pruned(program: Program) -> None:
    """What was read longer ago than `[spool.keep] hourly_counts` allows goes with `spool prune`; the rest stays."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S+0000")
    program.configure({"spool": {"url": f"sqlite:///{program.spool}"}, "spool.keep": {"figures": "30d"}})
    program.feed([ignored(1, timeLogged="2020-03-01 09:30:05+0000"), ignored(2, timeLogged=now)], "--no-dispatch")
    finished = program.run("spool", "prune", "--kind", "figures")
    assert finished.status == 0
    assert "figures of hours more than 30d ago" in finished.stdout
    assert named(hourly_counts(program), "") == {"": 1}

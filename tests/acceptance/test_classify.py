"""`classify` explains a diagnostic, or a whole file, with the rules and the policy that the program has."""

import json

from tests.acceptance.harness import Event, Finished, Program, accounting, bounce
from tests.acceptance.shell import delivered, recipients

FULL = "552 5.2.2 Mailbox is full"


def rows(finished: Finished) -> list[Event]:
    """Output of the command."""
    assert finished.status == 0, finished.stderr
    return [json.loads(line) for line in finished.stdout.splitlines()]


def test_a_diagnostic(program: Program) -> None:
    """Category given and decided, verdict and rule; the status is found in the text."""
    (row,) = rows(program.run("classify", FULL, "--format", "jsonl"))
    assert (row["given"], row["status"], row["verdict"]) == ("bad-mailbox", "5.2.2", "count")
    assert row["decided"] == "quota-issues"
    assert "by rule mailbox-full of " in row["rule"]


def test_with_everything_that_matters(program: Program) -> None:
    """Host, domain and time make a rule for an incident fit."""
    output = "550-5.1.1 The email account that you tried to reach does not exist"
    at = ("--at", "2020-12-14T23:00:00+00:00", "--domain", "gmail.com", "--format", "jsonl")
    assert rows(program.run("classify", output, *at))[0]["verdict"] == "ignore"
    assert (
        rows(program.run("classify", output, "--domain", "gmail.com", "--format", "jsonl"))[0]["verdict"] == "suppress"
    )


def test_a_file(program: Program) -> None:
    """Each bounce, or how many of each kind; nothing is recorded."""
    data = accounting([bounce("ann@example.com"), bounce("bob@example.com", dsnDiag=FULL), bounce("cat@example.com")])
    delivered_rows = rows(program.feed(data, "classify", "--format", "jsonl"))
    assert [(row["recipient"], row["verdict"]) for row in delivered_rows] == [
        ("ann@example.com", "suppress"), ("bob@example.com", "count"), ("cat@example.com", "suppress"),
    ]  # fmt: skip
    summary = rows(program.feed(data, "classify", "--summary", "--format", "jsonl"))
    assert [row["rows"] for row in summary] == [2, 1]
    assert not program.spool.exists()


def test_nothing_to_classify(program: Program) -> None:
    """What is no accounting file is reported in a sentence, not by an empty table."""
    for data in (b"", b"hello world\n", b"\0\xff\n" * 99):
        finished = program.feed(data, "classify", "--summary")
        assert (finished.status, finished.stdout) == (65, ""), finished.stderr
        assert finished.sentences == [
            "bouncehandler: not one row of the input was recognised: send a PowerMTA accounting file"
        ]


def test_a_file_of_deliveries(program: Program) -> None:
    """Rows that are no bounces are passed over; with none left there is just the heading."""
    finished = program.feed(accounting([{**bounce("ann@example.com"), "type": "d"}]), "classify", "--format", "jsonl")
    assert (finished.status, finished.stdout) == (0, "")


def test_hostile_text(program: Program) -> None:
    """A server's answer moves no cursor and is no formula in a spreadsheet."""
    output = "\x1b[2J=cmd()"
    assert "\x1b" not in program.run("classify", output).stdout
    assert ",'=cmd()" in program.run("classify", "=cmd()", "--format", "csv").stdout


def test_the_sites_own_rules(program: Program) -> None:
    """They are asked first, by `classify` and by the pipe alike, and a mistake in them is reported in a sentence."""
    file = program.folder / "rules.toml"
    file.write_text('[[rule]]\nname = "ours"\nbecomes = "other"\nwhy = "seen here"\ntext = "no such user here"\n')
    trail = {"type": "file", "path": str(program.folder / "trail.jsonl")}
    program.configure({"policy": {"rules": str(file)}}, trail=trail)
    assert "by rule ours of " in program.run("classify", "550 5.1.1 no such user here").stdout
    fed = program.feed([bounce("ann@example.com"), bounce("bob@example.com", dsnDiag="550 unknown")])
    assert recipients(delivered(program)) == ["bob@example.com"]
    assert any("by rule ours of " in rule for rule in fed.finished["ignored"])
    file.write_text('[[rule]]\nname = "ours"\nbecomes = "other"\ntext = "no such user here"\n')
    finished = program.run("classify", "550")
    assert finished.status == 78
    assert "rule ours" in finished.stderr
    assert "why is missing" in finished.stderr

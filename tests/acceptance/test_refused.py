"""Input that can't be understood suppresses no recipient: it is refused with 65 and a sentence, by pipe and file."""

import os
from pathlib import Path

import pytest

from tests.acceptance.harness import HEADER, OLD_ORDER, Finished, Program, accounting, bounce
from tests.acceptance.shell import delivered, recipients

INPUTS = Path(__file__).parent / "inputs"

NOTHING_READ = {
    "02_headless_default_order.csv": "could be read (too-many-cells 1)",
    "02d.csv": "could be read (no-header 1)",
    "02h_headless_softstatus.csv": "could be read (no-header 1)",
    "03f_utf16le.csv": "could be read",
}
"""Inputs without a readable row, and the sentence about each."""

NO_RECIPIENT = {
    "10_mailwizz_export.csv": "line 1: the recipient's column is unclear, the first is called SUBSCRIBER_UID",
    "12_sendgrid_bounces.csv": "line 1: the recipient's column is unclear, the first is called status",
    "14_sendy.csv": "line 1: the recipient's column is unclear, the first is called Name",
    "15_excel_semicolon.csv": "line 1: the recipient's column is unclear, the first is called Name",
    "17_tab.tsv": "line 1: the recipient's column is unclear, the first is called id",
    "18_sender_first.csv": "line 1: the recipient's column is unclear, the first is called source",
    "28_cut.csv": "line 1: the recipient's column is unclear, there are several addresses",
    "89a_comma_list.txt": "line 1: the recipient's column is unclear, there are several addresses",
}
"""Lists without a clear recipient column, and the sentence about each."""

NO_TYPE = {"27_orig_first.csv": "line 1 names PowerMTA's columns, but does not begin with `type,`"}

REFUSED = NOTHING_READ | NO_RECIPIENT | NO_TYPE

every_input = pytest.mark.parametrize("name", REFUSED)


def refused(finished: Finished, name: str) -> None:
    """The run ended with 65 and one sentence, which reports what is wrong with this input."""
    assert finished.status == 65, finished.stderr
    (sentence,) = finished.sentences
    assert REFUSED[name] in sentence
    assert "@" not in sentence


@every_input
def test_no_recipient_is_suppressed(program: Program, name: str) -> None:
    """A refused input suppresses neither its sender nor anyone else, and each of its rows is kept."""
    data = (INPUTS / name).read_bytes()
    finished = program.feed(data)
    refused(finished, name)
    assert program.suppressions() == []
    assert delivered(program) == []
    assert finished.finished["unreadable"].keys() <= {
        *("too-many-cells", "no-header", "unknown-type", "not-an-address"),
        *("ambiguous-recipient", "header-without-type"),
    }
    kept = (program.folder / "spool.rejected.csv").read_bytes()
    assert kept.rstrip(b"\n") == data.removeprefix(b"\xef\xbb\xbf").rstrip(b"\n")


@every_input
def test_a_dry_run_refuses_it(program: Program, name: str) -> None:
    """`cat FILE | bouncehandler --dry-run` ends with the same status and sentence, and no spool is made."""
    finished = program.feed((INPUTS / name).read_bytes(), "--dry-run")
    refused(finished, name)
    assert finished.finished["suppressed"] == 0
    assert not program.spool.exists()


@every_input
def test_replay_and_classify_refuse_it(program: Program, name: str) -> None:
    """Neither reports that nothing differs, nor prints an empty table."""
    replayed = program.run("replay", str(INPUTS / name))
    refused(replayed, name)
    assert replayed.stdout == ""
    assert name in replayed.sentences[0]
    classified = program.feed((INPUTS / name).read_bytes(), "classify")
    refused(classified, name)
    assert classified.stdout == ""


@every_input
def test_ingest_leaves_it_where_it_is(program: Program, name: str) -> None:
    """The file stays in the folder, `file_skipped` gives the reason, and the exit status is 65, at every look."""
    folder = program.folder / "in"
    folder.mkdir()
    file = folder / name
    file.write_bytes((INPUTS / name).read_bytes())
    os.utime(file, (1_700_000_000, 1_700_000_000))
    for _ in range(2):
        finished = program.run("ingest", str(folder))
        refused(finished, name)
        (stays,) = finished.logged("file_skipped", file=name)
        assert REFUSED[name] in stays["reason"]
        assert file.exists()
        assert program.suppressions() == []
    assert not (program.folder / "spool.rejected.csv").exists()


def in_folder(program: Program, **files: bytes) -> Path:
    """A folder with files that were last changed long ago."""
    folder = program.folder / "in"
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
        os.utime(folder / name, (1_700_000_000, 1_700_000_000))
    return folder


def test_ingest_takes_the_files_beside_it(program: Program) -> None:
    """A refused file holds up no other; what is to be tried again goes before it in the exit status."""
    good = accounting([bounce("ann@example.net")])
    folder = in_folder(program, bad=(INPUTS / "27_orig_first.csv").read_bytes(), good=good)
    assert program.run("ingest", str(folder)).status == 65
    assert recipients(program.suppressions()) == ["ann@example.net"]
    assert sorted(path.name for path in folder.iterdir()) == ["bad", "done"]
    (folder / "link").symlink_to(program.config)
    assert program.run("ingest", str(folder)).status == 75


def test_ingest_takes_a_file_whose_first_rows_are_damaged(program: Program) -> None:
    """One row that can be read, however far behind, makes an accounting file; a header alone is one, too."""
    damage = b"b,2026-03-01 09:30:00+0000,bad-mailbox,v,o@x.example,,,,,5.1.1,,\n" * 3000
    good = accounting([bounce("ann@example.net")], OLD_ORDER, has_header=False)
    header = OLD_ORDER.encode() + b"\n"
    folder = in_folder(program, late=header + damage + good, none=header + damage, header=header)
    finished = program.run("ingest", str(folder))
    assert finished.status == 65
    assert [event["file"] for event in finished.logged("file_skipped")] == ["none"]
    assert recipients(program.suppressions()) == ["ann@example.net"]


def test_ingest_leaves_a_file_with_a_refused_part(program: Program) -> None:
    """Where good rows go before a list that is refused, they are recorded, and the file stays."""
    data = accounting([bounce("ann@example.net")]) + (INPUTS / "27_orig_first.csv").read_bytes()
    folder = in_folder(program, mixed=data)
    finished = program.run("ingest", str(folder))
    assert finished.status == 65
    assert "line 3 names PowerMTA's columns" in finished.logged("file_skipped")[0]["reason"]
    assert recipients(program.suppressions()) == ["ann@example.net"]
    assert (folder / "mixed").exists()


@pytest.mark.parametrize("name", [*NO_RECIPIENT, *NO_TYPE])
@pytest.mark.parametrize(
    "before",
    [b"ann@example.net\n", b"email\nann@example.net\n", b"email,name\nann@example.net,Ann\n"],
    ids=["bare", "heading", "two columns"],
)
def test_behind_a_good_list(program: Program, before: bytes, name: str) -> None:
    """What `cat` puts behind a good list is refused all the same; the good list stands."""
    finished = program.feed(before + (INPUTS / name).read_bytes())
    assert recipients(program.suppressions()) == ["ann@example.net"]
    assert finished.status == (65 if name not in {"28_cut.csv", "89a_comma_list.txt"} else 0), finished.stderr
    assert finished.finished["unreadable"]


@pytest.mark.parametrize(
    "rows",
    [
        b"sender\nnews@example.com\n",
        b"Return-Path;reason\nnews@example.com;5.1.1\n",
        b"from_email,to_email\nnews@example.com,j1@example.net\n",
        b"Absender,Status\nnews@example.com,5.1.1\n",
        b"what,ever\nnews@example.com,5.1.1\n",
        b"email,e-mail 2\nnews@example.com,j1@example.net\n",
        b'"news@example.com";"j1@example.net"\n',
        b'"news@example.com"\t"j1@example.net"\n',
        b"news@example.com,mailto:j1@example.net,x\n",
        b"news@example.com,x,root@localhost\n",
        b"news@example.com <j1@example.net>\n",
        b"news@example.com,x,,rfc822;j1@example.net\n",
        b"1,j1@example.net\nnews@example.com\n",
        b"rcpt,orig,bounceCat\nnews@example.com,j1@example.net,bad-mailbox\nb,x\n",
        b"kind,rcpt,dsnStatus\n" + b"b,2026-01-05 10:00:00+0100,bad-mailbox,v1,o@x.example,j1@example.net,,,,5.1.1,,\n",
        b"type;orig;rcpt\nb;news@example.com;j1@example.net\n",
    ],
)
def test_forms_like_it(program: Program, rows: bytes) -> None:
    """A sender's column, two addresses in a line, and PowerMTA's columns in any other form are refused as well."""
    finished = program.feed(rows)
    assert (finished.status, len(finished.sentences)) == (65, 1), finished.stderr
    assert program.suppressions() == []


def test_refused_once_a_line_shows_it(program: Program) -> None:
    """Where the first address shows that its column is unclear, every line behind it is set aside, too."""
    finished = program.feed(b"news@example.com,j1@example.net\nnews@example.com\nnews@example.com,\n")
    assert finished.status == 65
    assert finished.finished["unreadable"] == {"ambiguous-recipient": 3}
    assert program.suppressions() == []


def test_a_line_with_two_addresses(program: Program) -> None:
    """In a list that is clear, such a line alone is set aside and counted."""
    finished = program.feed(b"ann@example.net\nbob@example.net, eve@example.net\ncat@example.net\n")
    assert finished.status == 0, finished.stderr
    assert finished.finished["unreadable"] == {"ambiguous-recipient": 1}
    assert recipients(program.suppressions()) == ["ann@example.net", "cat@example.net"]


@pytest.mark.parametrize(
    "rows",
    [
        b"ann@example.net\n",
        b"Kunde\nann@example.net\n",
        b"ann@example.net,Ann,5.1.1,bad-mailbox\n",
        b"Ann Smith <ann@example.net>,x\n",
        b"ann@example.net <ann@example.net>\n",
        b'ann@example.net,"wrote to us from bob@example.net"\n',
        b"ann@example.net,ANN@example.net\n",
        b"email,sender\nann@example.net,news@example.com\n",
        b"Email Address,First Name,Address,Source\nann@example.net,Ann,1 High Street,a@b.example\n",
        b'email,reason\nann@example.net,"550 unknown, ask postmaster@example.net"\n',
        b"Email ID\nann@example.net\n",
        b"E-Mail-Adresse;Name\nann@example.net;Ann\n",
        b"destination,source\nann@example.net,news@example.com\n",
        b"rcpt,status\nann@example.net,5.1.1\n",
        b"source,destination\nx,y\nemail\nann@example.net\n",
    ],
)
def test_good_lists_are_taken(program: Program, rows: bytes) -> None:
    """An address alone, among cells that are none, or below a heading that puts the recipient first, is suppressed."""
    program.feed(rows)
    assert recipients(program.suppressions()) == ["ann@example.net"]


@pytest.mark.parametrize("heading", [b"email\n", b"email,name\n", HEADER.encode() + b"\n"])
def test_a_heading_alone(program: Program, heading: bytes) -> None:
    """A heading without rows is nothing to do: 0."""
    assert program.feed(heading).status == 0


@pytest.mark.parametrize("data", [b"", HEADER.encode() + b"\n"])
def test_an_archived_file_without_rows(program: Program, data: bytes) -> None:
    """`replay` takes an empty file, or a header alone, for what it is: nothing differs."""
    (program.folder / "archive.csv").write_bytes(data)
    finished = program.run("replay", str(program.folder / "archive.csv"))
    assert finished.status == 0, finished.stderr
    assert finished.stdout.endswith("\nno decision is different\n")


def test_a_header_above_unreadable_rows(program: Program) -> None:
    """A header makes no row readable: 65, and the reasons are counted in the sentence."""
    finished = program.feed(HEADER.encode() + b"\nb,x\nquux\n")
    assert finished.status == 65
    assert "not one row of the input could be read (no-recipient 1, unknown-type 1)" in finished.sentences[0]


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        *(("timeQueued", "v1"), ("timeQueued", "1/5/2026 10:00"), ("bounceCat", "2026-01-05 10:00:00+0100")),
        *(("bounceCat", "news@example.com"), ("orig", "smtp"), ("dlvSourceIp", "5.1.1 (bad)"), ("dsnStatus", "failed")),
        *(("dsnStatus", "smtp;550 5.1.1"), ("vmta", "news@example.com")),
    ],
)
def test_rows_without_header_that_contradict_the_order(program: Program, column: str, cell: str) -> None:
    """A cell that can't be what the order of the configuration has in its place sets the row aside as `no-header`."""
    rows = [bounce("gone@example.net", **{column: cell}), bounce("ann@example.net")]
    finished = program.feed(accounting(rows, OLD_ORDER, has_header=False))
    assert finished.status == 0, finished.stderr
    assert finished.finished["unreadable"] == {"no-header": 1}
    assert recipients(program.suppressions()) == ["ann@example.net"]

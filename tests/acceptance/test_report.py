"""The command `report`: counts of the records, in every form, harmless wherever it is opened."""

import csv
import io
import json
import os
import time
from pathlib import Path

import pytest

from tests.acceptance.harness import Event, Program, accounting, bounce
from tests.acceptance.report_scene import HOSTILE, fill, with_managers
from tests.acceptance.shell import trail
from tests.fakes.smtp import FakeSmtp

LONG_AGO = ("--since", "2026-02-28", "--until", "2026-03-03")


@pytest.fixture(scope="module")
def fed(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Bounces, a complaint, deliveries, delays, a damaged row, and an address fed by hand."""
    program = with_managers(tmp_path_factory.mktemp("fed"))
    rows = [
        bounce("jane@gmail.com", jobId="spring"),
        bounce("joe@gmail.com", "spam-related", dsnDiag="smtp;550 5.7.1 <joe@gmail.com> blocked", jobId="spring"),
        bounce("ann@example.com", "quota-issues", dsnStatus="4.2.2", dsnDiag="smtp;452 4.2.2 mailbox full"),
        bounce("jim@gmail.com", HOSTILE, orig="+123456", jobId='=HYPERLINK("http://evil.example")'),
        bounce("jo@yahoo.com", "", type="d", timeLogged="2026-03-02 10:00:00+0000"),
        bounce("jo@yahoo.com", "", type="t", dsnDiag="smtp;421 4.7.0 temporarily deferred due to user complaints"),
        bounce("", "", type="tq", queue="gmail.com/vmta1", dsnDiag="smtp;421 4.7.28 unusual rate of mail", orig=""),
    ]
    program.feed(accounting(rows) + b"b,torn\n")
    complaint = "type,timeLogged,feedbackType,orig,rcpt,header_X-job\n"
    complaint += "f,2026-03-02 11:00:00+0000,abuse,news@lists.example,kim@yahoo.com,spring\n"
    program.feed(complaint.encode())
    program.feed(b"listed@example.com\n")
    return program


def report_data(program: Program, *args: str) -> Event:
    """The report as JSON."""
    finished = program.run("report", "--json", *args)
    assert finished.status == 0, finished.stderr
    report: Event = json.loads(finished.stdout)
    return report


def rows(report: Event, table: str) -> dict[str, Event]:
    """A table's rows by their names."""
    return {next(iter(row.values())): row for row in report["tables"][table]["rows"]}


def test_what_was_fed_is_reported(fed: Program) -> None:
    """Bounces by verdict, complaints and deliveries of the selected days, and by each dimension."""
    report = report_data(fed, *LONG_AGO)
    assert not report["is_empty"]
    assert report["headlines"]["bounces"] == 4
    assert report["headlines"]["complaints"] == 1
    assert report["headlines"]["complaint_share"] == 1.0
    gmail = rows(report, "mailbox_providers")["gmail"]
    assert (gmail["bounces"], gmail["suppressed"], gmail["ignored"]) == (3, 1, 2)
    assert rows(report, "mailbox_providers")["yahoo"]["complaints"] == 1
    assert rows(report, "jobs")["spring"]["bounces"] == 2
    assert rows(report, "ignored_rules")['policy.bounce.spam-related = "ignore"']["rows"] == 1
    assert rows(report, "feedback")["abuse"]["suppressed"] == 1
    assert sum(report["timeline"]["suppressed"]) == 1
    assert sum(report["timeline"]["counted"]) == 1


def test_who_throttles_us(fed: Program) -> None:
    """Transient records are counted by mailbox provider and diagnostic; those of a queue have no recipient."""
    found = rows(report_data(fed, *LONG_AGO), "throttling")
    assert found["yahoo"]["diagnostic"] == "421 4.7.0 temporarily deferred due to user complaints"
    assert found["gmail"]["diagnostic"].endswith("unusual rate of mail")
    assert found["yahoo"]["deferrals"] == found["gmail"]["deferrals"] == 1


def test_the_last_week_by_default(fed: Program) -> None:
    """Without times it is the last 7 days: rows of March are none of them, what has no time counts as read now."""
    report = report_data(fed)
    assert report["headlines"]["bounces"] == 0
    assert [row["rows"] for row in rows(report, "deciding_rules").values()] == [1]
    assert sum(row["rows"] for row in report["tables"]["unreadable"]["rows"]) == 1


@pytest.mark.parametrize("form", ["--json", "--csv", "--html", ""])
def test_no_person_is_named(fed: Program, form: str) -> None:
    """No form of the report contains an address."""
    output = fed.run("report", *LONG_AGO, *([form] if form else []), *(["-"] if form == "--html" else [])).stdout
    assert "gmail" in output
    for subject in ("jane", "joe", "ann@", "jim@", "jo@", "kim", "listed@", "news@"):
        assert subject not in output


def test_csv_is_harmless(fed: Program) -> None:
    """One table with a row for each number, and no cell that a spreadsheet would run."""
    text = fed.run("report", "--csv", *LONG_AGO).stdout
    found = list(csv.DictReader(io.StringIO(text)))
    assert tuple(found[0]) == ("table", "row", "measure", "value")
    assert ("categories", "bad-mailbox", "suppressed", "1") in [tuple(row.values()) for row in found]
    assert any(row["row"].startswith("'=HYPERLINK") for row in found)
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in found for cell in row.values())
    assert all(line.isprintable() for line in text.splitlines())


def test_json_is_harmless_on_a_terminal(fed: Program) -> None:
    """JSON holds no character that a terminal obeys."""
    text = fed.run("report", "--json", *LONG_AGO).stdout
    assert all(line.isprintable() and line.isascii() for line in text.splitlines())


def test_the_terminal(fed: Program) -> None:
    """Tables with bars, readable without colours, no name cut off, and nothing in them that moves the cursor."""
    text = fed.run("report", *LONG_AGO).stdout
    assert "By mailbox provider" in text
    assert "lists.example " in text
    assert "█" in text or "\\u2588" in text
    assert all(line.isprintable() for line in text.splitlines())


def test_how_the_list_managers_do(tmp_path: Path) -> None:
    """Held providers, queues, dead letters and manual actions; alerts come first."""
    program = with_managers(tmp_path)
    fill(program.spool, time.time(), hours=30)
    report = report_data(program)
    found = rows(report, "providers")
    assert (found["crm"]["state"], found["news"]["state"]) == ("held", "in use")
    assert found["crm"]["held_since"]
    assert found["news"]["dead"] == 3
    assert found["news"]["median_seconds"] == 0.1
    assert found["news"]["failed"] == pytest.approx(143 / 7543)
    assert rows(report, "manual_actions")["undone"]["asked_by"] == "root"
    tones = [alert["tone"] for alert in report["alerts"]]
    assert tones == sorted(tones)
    assert any("crm is held" in alert["text"] for alert in report["alerts"])
    assert any("0.3 %" in alert["text"] for alert in report["alerts"])


def test_an_empty_spool(tmp_path: Path) -> None:
    """Every form is valid without records; those for people have advice."""
    program = Program(tmp_path)
    assert report_data(program)["is_empty"]
    assert "bouncehandler check" in program.run("report").stdout
    assert "bouncehandler check" in program.run("report", "--html", "-").stdout
    assert program.run("report", "--csv").status == 0


def test_the_page_is_written_whole(fed: Program) -> None:
    """The file is replaced atomically, readable by its umask, and its path is printed."""
    file = fed.folder / "page.html"
    file.write_text("old")
    old = file.stat().st_ino
    finished = fed.run("report", "--html", str(file))
    assert finished.stdout == f"the report is in {file}\n"
    assert file.stat().st_ino != old
    umask = os.umask(0)
    os.umask(umask)
    assert file.stat().st_mode & 0o777 == 0o666 & ~umask
    assert not list(fed.folder.glob("tmp*"))


@pytest.mark.parametrize(
    ("args", "status", "sentence"),
    [
        (("--html", "no/such/folder.html"), 75, "no/such/folder.html can't be written: No such file or directory"),
        (("--html", "x", "--csv"), 64, "--html, --json and --csv are different forms: choose one"),
        (("--since", "2026-03-02", "--until", "2026-03-01"), 64, "--since is not before --until"),
        (("--since", "yesterday"), 64, "'yesterday' is no time: write 2026-01-31, 2026-01-31T10:00+01:00, or 7d"),
    ],
    ids=["folder", "forms", "order", "time"],
)
def test_mistakes(fed: Program, args: tuple[str, ...], status: int, sentence: str) -> None:
    """One sentence describes the mistake."""
    finished = fed.run("report", *args)
    assert finished.status == status
    assert sentence in finished.stderr
    assert finished.stderr.count("\n") == 1


def test_daily_by_mail(tmp_path: Path) -> None:
    """With `notify.report` the page comes by mail, its summary as the text, once, for any number of runs."""
    program = Program(tmp_path)
    with FakeSmtp() as smtp:
        notify = {"to": ["ops@example.com"], "smtp": smtp.address, "report": "daily", "report_at": "00:00"}
        program.configure({"notify": notify}, trail=trail(tmp_path))
        program.feed([bounce("jane@example.com")])
        program.feed([bounce("joe@example.com")])
        (taken,) = smtp.taken
    assert taken.subject.startswith("bouncehandler report, ")
    assert "There are no records of this period" in taken.text()
    (page,) = taken.mail.iter_attachments()
    assert page.get_content().startswith("<!DOCTYPE html>")
    assert str(page.get_filename()).endswith(".html")


def test_reports_without_recipients(tmp_path: Path) -> None:
    """A report by mail without recipients is a mistake of the configuration."""
    program = Program(tmp_path)
    program.configure({"notify": {"report": "weekly"}})
    finished = program.run("report")
    assert finished.status == 78
    assert "report needs a recipient in `to`" in finished.stderr

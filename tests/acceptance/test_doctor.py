"""Findings of `check`: settings and their sources, clocks, PowerMTA's configuration, its user; and `pmta-config`."""

import getpass
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness import SCRIPT, Finished, Program
from tests.acceptance.shell import trail, with_trail
from tests.fakes.mailwizz import FakeMailWizz
from tests.fakes.raw import RawServer

STRANGER = "nobody"
"""A user of every Linux that owns none of the files."""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """An installation with one provider, as its console script, which PowerMTA would start."""
    program = with_trail(tmp_path)
    program.config.chmod(0o600)
    return program


@pytest.fixture
def pmta(program: Program) -> Path:
    """What `pmta-config` prints for it, as PowerMTA's configuration."""
    printed = program.run("pmta-config", "--logs", str(program.folder))
    assert (printed.status, printed.stderr) == (0, "")
    file = program.folder / "config"
    file.write_text(printed.stdout)
    return file


def lines(finished: Finished, what: str, mark: str = "") -> list[str]:
    """Findings about one subject."""
    return [line for line in finished.stdout.splitlines() if line[6:].startswith(what) and line.startswith(mark)]


def proved(program: Program, pmta: Path) -> Finished:
    """`check --pmta`, for the user of this test."""
    return program.run("check", "--pmta", str(pmta), "--as", getpass.getuser())


def test_each_setting_is_reported_with_its_source(program: Program) -> None:
    """Every setting that differs from its default is listed with its file, variable or secret file; no secret is."""
    (program.folder / "news.key").write_text("k3y-in-a-file\n")
    with FakeMailWizz() as server:
        program.configure(
            {
                "log": {"level": "info"},
                "policy.bounce": {"bad-mailbox": "suppress", "other": "suppress"},
                "notify": {"to": ["jane@example.com"], "smtp": "127.0.0.1:1", "password": "pa55"},
            },
            trail=trail(program.folder),
            news={
                "type": "mailwizz",
                "url": server.api_url,
                "api_key_file": "news.key",
                "originators": ["a@b.example"],
            },
        )
        environ = {
            "BOUNCEHANDLER_DISPATCH__GRACE": "5s",
            "BOUNCEHANDLER_PROVIDERS__CRM": json.dumps({"type": "webhook", "url": "http://127.0.0.1:1/?t=in-a-url"}),
            "BOUNCEHANDLER_PROVIDERS__CRM__SECRET": "whsec_TmV2ZXIgc2hvd24gYW55d2hlcmU=",
            "BOUNCEHANDLER_UNSUBSCRIBE": '[{"domain": "u.example.com", "secret": "not-to-be-shown-here"}]',
        }
        with program.start("check", environ=environ) as running:
            finished = running.finish()
    output = dict(line[len("ok    setting ") :].split(": ", 1) for line in lines(finished, "setting "))
    file = f"(from {program.config})"
    assert output["notify.to"] == f'is ["j***@example.com"] {file}'
    assert output["notify.password"] == f"is set {file}"
    assert output["providers.news.originators"] == f'is ["a@b.example"] {file}'
    assert output["providers.news.api_key"] == f"is set (from the file news.key, which {program.config} names)"
    assert output["dispatch.grace"] == 'is "5s" (from BOUNCEHANDLER_DISPATCH__GRACE in the environment)'
    assert output["providers.crm.secret"] == "is set (from BOUNCEHANDLER_PROVIDERS__CRM__SECRET in the environment)"
    assert output["unsubscribe"] == "is set (from BOUNCEHANDLER_UNSUBSCRIBE in the environment)"
    assert "policy.bounce.other" in output
    assert not {"log.level", "policy.bounce.bad-mailbox"} & set(output), "they are the defaults"
    for secret in ("k3y-in-a-file", "pa55", "in-a-url", "TmV2ZXI", "not-to-be-shown"):
        assert secret not in finished.stdout + finished.stderr


def test_the_spools_place_is_reported(program: Program) -> None:
    """Path, size, owner, mode, free room, journal and schema are reported; a file that others may read is warned of."""
    first = "\n".join(lines(program.run("check"), "spool: ", "ok"))
    for words in (
        str(program.spool),
        "mode 0600",
        f"belongs to {getpass.getuser()}",
        "bytes are free",
        "schema ",
        "journal",
    ):
        assert words in first
    program.spool.chmod(0o644)
    (warned,) = lines(program.run("check"), "spool: ", "warn")
    assert f"chmod 600 {program.spool}" in warned


def test_as_json(program: Program) -> None:
    """--json has the same findings as one object, with the exit status; nothing else is on stdout."""
    program.configure(crm={"type": "webhook", "url": "nonsense"})
    text, finished = program.run("check"), program.run("check", "--json")
    output = json.loads(finished.stdout)
    assert (finished.status, output["exit_status"]) == (78, 78)
    assert [one["what"] for one in output["findings"]] == [
        line[6:].partition(": ")[0] for line in text.stdout.splitlines()
    ]
    (wrong,) = [one for one in output["findings"] if one["mark"] == "wrong"]
    assert wrong["what"] == "provider crm"
    assert set(wrong) == {"mark", "what", "sentence", "file", "line", "paste"}


@pytest.mark.parametrize(
    ("date", "is_reported"), [("Thu, 01 Jan 2026 00:00:00 GMT", True), ("", False), ("soon", False)]
)
def test_a_clock_that_is_wrong(program: Program, date: str, *, is_reported: bool) -> None:
    """A clock more than five minutes off a provider's Date is warned of; no Date, or nonsense, is not."""

    def talk(connection: socket.socket) -> None:
        connection.recv(65_536)
        header = f"Date: {date}\r\n" if date else ""
        connection.sendall(f"HTTP/1.1 200 OK\r\n{header}Content-Length: 2\r\n\r\nok".encode())

    with RawServer(talk) as server:
        program.configure(news={"type": "mailwizz", "url": f"{server.url}api", "api_key": "k" * 40})
        finished = program.run("check")
    notices = lines(finished, "clock: ", "warn")
    assert bool(notices) is is_reported
    assert all("ahead of that of news" in line and "chrony" in line for line in notices)


def test_a_clock_that_is_right(program: Program) -> None:
    """A server with the same time is not mentioned."""
    with FakeMailWizz() as server:
        program.configure(news={"type": "mailwizz", "url": server.api_url, "api_key": server.api_key})
        assert lines(program.run("check"), "clock") == []


def test_what_pmta_config_prints_is_what_check_wants(program: Program, pmta: Path) -> None:
    """The blocks of this installation, proved by `check --pmta`, are green; and it finds the pipes in them."""
    finished = proved(program, pmta)
    assert finished.status == 0, finished.stdout
    assert {line[:4] for line in finished.stdout.splitlines()} == {"ok  "}
    for record in ("records of type b and rb", "records of type f"):
        assert any(record in line for line in lines(finished, "pmta: "))
    (user,) = lines(finished, f"user {getpass.getuser()}: ")
    assert f"{program.folder}/bouncehandler.log, {program.folder}/fbl-processor.log" in user


def test_pmta_config_knows_this_installation(program: Program) -> None:
    """Program, configuration, domains, senders and postmaster are those of the configuration; options go before."""
    program.configure(
        {"notify": {"to": ["Post Master <post@example.org>"]}},
        trail=trail(program.folder, originators=["*@*.example.org", "*@bounces.example.org"]),
    )
    environ = {"BOUNCEHANDLER_UNSUBSCRIBE": '[{"domain": "u.example.org", "secret": "0123456789abcdef"}]'}
    with program.start("pmta-config", "--complaints", "fbl.example.org", environ=environ) as running:
        output = running.finish().stdout
    started = f"{SCRIPT[0]} --config={program.config}"
    for words in (
        f"<acct-file |{started} --logfile=/var/log/pmta/bouncehandler.log>",
        f'command "{started} unsubscribe --from \\"$from\\" --to \\"$to\\""',
        "domain bounces.example.org",
        "address /abuse@fbl.example.org/",
        "forward-unmatched-to post@example.org",
        "<domain u.example.org>",
    ):
        assert words in output
    assert "example.com" not in output


def test_a_mistake_is_reported_with_its_line_and_what_to_paste(program: Program, pmta: Path) -> None:
    """A complaint has file and line, the lines to paste below, and the exit status 78; in JSON likewise."""
    text = pmta.read_text()
    pmta.write_text(text.replace("    map-header-to-field f header_X-HmXmrOriginalRecipient rcpt\n", "", 1))
    finished = proved(program, pmta)
    assert finished.status == 78
    (wrong,) = lines(finished, "pmta: ", "FAIL")
    at = text.splitlines().index("    map-header-to-field f header_X-HmXmrOriginalRecipient rcpt") + 1
    assert f"{pmta}, line {at}: Microsoft's reports have no recipient" in wrong
    below = finished.stdout.splitlines()[finished.stdout.splitlines().index(wrong) + 1]
    assert below.strip() == "map-header-to-field f header_X-HmXmrOriginalRecipient rcpt"
    output = json.loads(program.run("check", "--json", "--pmta", str(pmta)).stdout)
    (found,) = [one for one in output["findings"] if one["mark"] == "wrong" and one["what"] == "pmta"]
    assert (found["file"], found["line"], found["paste"]) == (str(pmta), at, [below[10:]])


def test_a_program_that_cannot_be_started(program: Program, pmta: Path) -> None:
    """A pipe with a program that is not there, or may not be started, is a FAIL with the line of its block."""
    odd = program.folder / "bin" / "bouncehandler"
    odd.parent.mkdir()
    odd.write_text("#!/bin/sh\n")
    pmta.write_text(
        pmta.read_text()
        .replace(f"|{SCRIPT[0]} ", f"|{odd} ", 1)
        .replace(f"|{SCRIPT[0]} ", "|/no/where/bouncehandler ", 1)
    )
    output = "\n".join(lines(proved(program, pmta), "pmta: ", "FAIL"))
    assert f"{pmta}, line 2: {getpass.getuser()} can't start {odd}" in output
    assert "there is no /no/where/bouncehandler: install it, or correct the path" in output


def test_a_user_who_may_do_nothing(program: Program, pmta: Path) -> None:
    """PowerMTA's user needs the configuration, the spool and the log; what it lacks is listed, and how it is known."""
    program.run("status")
    finished = program.run("check", "--pmta", str(pmta), "--as", STRANGER)
    output = "\n".join(lines(finished, f"user {STRANGER}: ", "FAIL"))
    assert finished.status == 78
    for words in (f"can't read {program.config}", f"can't write the spool {program.spool}", "can't write the log"):
        assert words in output
    assert ("tried as nobody" if os.geteuid() == 0 else "by the modes of files alone") in output


@pytest.fixture
def open_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that every user may use, whatever the mode of the one for temporary files."""
    folder = Path("/tmp") / f"bouncehandler-{os.getpid()}-{tmp_path.name}"  # noqa: S108  # of this test alone
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)  # whatever the umask
    yield folder
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def test_a_log_that_another_user_may_write(program: Program, open_folder: Path) -> None:
    """A log that the user could make is no complaint; one that is there and closed to that user is."""
    pmta = program.folder / "config"
    pmta.write_text(program.run("pmta-config", "--logs", str(open_folder)).stdout)
    for is_there in (False, True):
        finished = program.run("check", "--pmta", str(pmta), "--as", STRANGER)
        notices = [line for line in lines(finished, f"user {STRANGER}: ", "FAIL") if "the log" in line]
        assert len(notices) == int(is_there)
        assert all(f"can't write the log {log}: give it to {STRANGER}" in notices[0] for log in open_folder.iterdir())
        log = open_folder / "bouncehandler.log"
        log.touch()
        log.chmod(0o600)


@pytest.mark.parametrize(
    ("args", "status", "words"),
    [
        (("--pmta", "/no/such/config"), 78, "FAIL  pmta: /no/such/config can't be read (No such file or directory)"),
        (("--as", "no-such-user"), 64, "there is no user 'no-such-user' on this machine"),
        (("--yes",), 64, "--yes goes with --send"),
    ],
)
def test_mistakes_on_the_command_line(program: Program, args: tuple[str, ...], status: int, words: str) -> None:
    """A file or a user that isn't there, and an option without its companion: one sentence, and its status."""
    finished = program.run("check", *args)
    assert finished.status == status
    assert words in finished.stdout + finished.stderr


def test_a_configuration_that_is_no_configuration_as_json(program: Program) -> None:
    """What can't even be read is a finding as well, in JSON, too."""
    program.config.write_text("spool = ")
    finished = program.run("check", "--json")
    output = json.loads(finished.stdout)
    assert (finished.status, output["exit_status"], output["findings"][0]["mark"]) == (78, 78, "wrong")
    assert str(program.config) in output["findings"][0]["sentence"]

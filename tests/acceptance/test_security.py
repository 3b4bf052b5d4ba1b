"""Security: private files, hostile answers and addresses, and a warning for root."""

import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bouncehandler.cli.session import root_warning
from bouncehandler.settings import load
from tests.acceptance.harness import Finished, Program, accounting, bounce
from tests.acceptance.shell import trail, with_dead_letters
from tests.acceptance.unsubscribing import BY_SIGNATURE, configure, send, signed
from tests.fakes.interspire import FakeInterspire
from tests.fakes.mailwizz import FakeMailWizz
from tests.fakes.raw import RawServer
from tests.fakes.server import Answer
from tests.fakes.webhook import SECRET

TURNING = (
    "../../x?y=1#z@example.com",
    "a&b=c@example.com",
    "%2e%2e%2f@example.com",
    "http://evil.example/@example.com",
)
"""Local parts that would lead a URL elsewhere if they were put into it as they are."""
FORGED = 'no\r\n{"event": "forged", "level": "info"}\r\n\u2028{"event": "forged"}'


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """An installation."""
    return Program(tmp_path)


@pytest.fixture(params=[0o000, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """A umask, which the program inherits."""
    before = os.umask(0)
    yield request.param
    os.umask(before)


def test_everything_is_private(program: Program, umask: int) -> None:
    """Files are their owner's alone and folders too, whatever the umask; only the log may be read by its group."""
    file = program.folder / "new" / "deep" / "spool.db"
    table = f'[providers.trail]\ntype = "file"\npath = "{program.folder / "trail.jsonl"}"\n'
    configure(program, BY_SIGNATURE, table)
    program.config.write_text(program.config.read_text().replace(str(program.spool), str(file)))
    before = set(program.folder.rglob("*"))
    started: list[Callable[[], Finished]] = [
        lambda: program.feed([bounce("jane@example.com"), bounce("torn")], "--logfile", str(program.folder / "log")),
        lambda: send(program, to=signed()),
        lambda: program.run("spool", "backup", str(program.folder / "copy.db")),
    ]
    for start in started:
        os.umask(umask)
        try:
            assert start().status in {0, 75}
        finally:
            os.umask(0)
    made = {path for path in program.folder.rglob("*") if not path.name.startswith("run")} - before
    modes = {path.name: path.stat().st_mode & 0o777 for path in made}
    assert {"spool.db", "spool.db-journal", "spool.rejected.csv", "trail.jsonl", "copy.db", "log"} <= modes.keys()
    assert {"new", "deep", "spool.maildrop"} <= modes.keys()
    wider = {
        path.name: oct(modes[path.name]) for path in made if modes[path.name] & (0o027 if path.name == "log" else 0o077)
    }
    assert wider == {}


def test_no_secret_on_the_command_line(program: Program) -> None:
    """The list of processes shows the path of the configuration and no more."""
    program.configure(crm={"type": "webhook", "url": "https://127.0.0.1:1/", "secret": SECRET})
    with program.start("work") as running:
        running.wait_for("started")
        line = Path(f"/proc/{running.process.pid}/cmdline").read_bytes()
    assert str(program.config).encode() in line
    assert SECRET.encode() not in line


def test_no_secret_in_a_dump_of_the_settings(program: Program) -> None:
    """However the settings are written down, secrets are asterisks."""
    program.configure(
        {"notify": {"to": ["p@example.com"], "username": "u", "password": "pass-w0rd", "tls": "tls"}},
        crm={"type": "webhook", "url": "https://x.example/", "secret": SECRET, "proxy": "http://u:pr0xy@p.example:1"},
        news={"type": "mailwizz", "url": "https://x.example/api", "api_key": "k3y-of-news"},
    )
    settings = load(program.config, {"HOME": str(program.folder)})
    output = [repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()]
    notices = [secret for text in output for secret in (SECRET, "pass-w0rd", "pr0xy", "k3y-of-news") if secret in text]
    assert notices == []


def test_no_secret_in_a_mistake(program: Program) -> None:
    """A configuration that is wrong is reported without its secrets, by each command."""
    program.configure(
        crm={"type": "webhook", "url": "nonsense", "secret": "whsec_not-base64!"},
        news={"type": "mailwizz", "url": "https://x.example/api", "api_key": ["k3y-of-news"]},
    )
    for command in ((), ("check",), ("status",), ("work",), ("spool", "prune")):
        finished = program.run(*command)
        assert "not-base64" not in finished.stdout + finished.stderr
        assert "k3y-of-news" not in finished.stdout + finished.stderr


def test_nothing_from_outside_forges_a_line(program: Program) -> None:
    """Diagnostic, sender, campaign and address with line ends and JSON in them: each line of the log is ours."""
    log = program.folder / "log"
    program.configure({"log": {"addresses": "plain"}}, trail=trail(program.folder))
    cells = {"dsnDiag": FORGED, "orig": f'"{FORGED}"@example.com', "jobId": FORGED, "bounceCat": FORGED, "vmta": FORGED}
    rows = [bounce("jane@example.com", **{k: v for k, v in cells.items() if k != "bounceCat"})]
    rows += [bounce("joe@example.com", **cells), bounce(f'"{FORGED}"@example.com'), bounce(f"x{FORGED}@example.com")]
    program.feed(rows, "--debug", "--logfile", str(log))
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert "forged" not in {event["event"] for event in events}
    assert [event["event"] for event in events].count("finished") == 1


def test_a_reason_runs_in_no_spreadsheet(program: Program) -> None:
    """The reason given when a dead letter was dropped, and the provider's answer, is harmless as CSV."""
    program.configure(trail=trail(program.folder))
    with_dead_letters(program, "jane@example.com", answer="=HYPERLINK(1)")
    program.run("dead-letters", "drop", "--all", "--reason", "@SUM(1)")
    output = program.run("dead-letters", "list", "--dropped", "--format", "csv").stdout
    assert output.splitlines()[1].endswith("'=HYPERLINK(1),'@SUM(1)")


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMBS = {
    "laughs": f'<!DOCTYPE r [<!ENTITY l0 "ha">{LAUGHS}]><response><status>&l9;</status></response>',
    "file": '<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/passwd">]><response><status>&f;</status></response>',
    "depth": "<response>" + "<a>" * 200_000,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_xml_bombs(program: Program, bomb: str) -> None:
    """Entities and bombs from Interspire's side are refused, in little time and memory; the unsubscribe waits."""
    with FakeInterspire() as server:
        server.always = Answer(200, f'<?xml version="1.0"?>{BOMBS[bomb]}'.encode())
        section = {"type": "interspire", "url": server.endpoint, "username": server.username, "token": server.token}
        program.configure(shop=section)
        with program.start() as running:
            running.write(accounting([bounce("jane@example.com")]))
            running.wait_until(lambda: bool(server.requests) and program.status()["dispatches"]["claimed"] == 0)
            used = running.processor_seconds
            status = Path(f"/proc/{running.process.pid}/status").read_text()
            finished = running.finish()
    (peak,) = (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    assert finished.status == 75
    assert "root:" not in finished.stderr
    assert peak < 200_000  # kB; without a bomb about 60,000
    assert used < 30


def test_an_address_turns_no_url(program: Program) -> None:
    """Addresses and ids that look like paths, queries or URLs stay values: every call goes where it belongs."""
    with FakeMailWizz() as server:
        program.configure(news={"type": "mailwizz", "url": server.api_url, "api_key": server.api_key})
        program.feed([bounce(address) for address in TURNING])
        program.feed([bounce("jane@example.com", **{"header_X-job": "mailwizz-../../x?y#", "jobId": "../../x"})])
        paths = {request.path for request in server.requests}
        asked = {request.query.get("EMAIL") for request in server.requests}
    assert server.requests
    assert all(path.startswith("/api/") and ".." not in path for path in paths)
    assert "jane@example.com" in asked
    assert asked - {None} <= {*TURNING, "jane@example.com"}


def test_a_certificate_that_is_unsigned(program: Program) -> None:
    """A server with a certificate of its own making gets nothing, no key and no address; `check` has the reason."""
    received: list[bytes] = []

    def listen(connection: socket.socket) -> None:
        received.append(connection.recv(65_536))

    with RawServer(listen, tls=True) as server:
        program.configure(news={"type": "mailwizz", "url": f"{server.url}api", "api_key": "k" * 40})
        finished = program.feed([bounce("jane@example.com")])
        checked = program.run("check")
        assert server.opened
    assert (finished.status, [data for data in received if data]) == (75, [])
    assert "certificate" in finished.stderr.lower()
    assert "certificate" in checked.stdout.lower()


def test_root_on_a_spool_of_another_user(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root who runs this on another user's spool is warned; no other user is."""
    is_root = os.geteuid() == 0
    assert root_warning(program.spool) == ""
    if is_root:
        os.chown(program.folder, 12_345, 12_345)
    checked, fed = program.run("check"), program.feed([bounce("jane@example.com")])
    assert ("warn  root: running as root" in checked.stdout) is is_root
    assert len(fed.logged("running_as_root")) == int(is_root)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "belongs to" in root_warning(program.spool)
    assert root_warning(program.folder / "not-made-yet" / "spool.db") == ""
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    assert root_warning(program.spool) == ""

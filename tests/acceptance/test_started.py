"""The event `started`: the first line of every log, written before the first row is read."""

import getpass
import json
import signal
from pathlib import Path

import pytest

from bouncehandler import __version__
from tests.acceptance.harness import Event, Program, Running, accounting, bounce
from tests.acceptance.shell import alone, trail
from tests.fakes.server import wait_until

HIDDEN = "0123456789abcdef0123456789abcdef01234567"


def first_line(running: Running, logfile: Path) -> Event:
    """The first event of a log, as soon as it is there."""
    running.wait_until(lambda: logfile.exists() and b"\n" in logfile.read_bytes())
    event: Event = json.loads(logfile.read_text().splitlines()[0])
    return event


def test_pipe_that_is_idle(program: Program) -> None:
    """While PowerMTA has written nothing yet the log reports that the pipe runs: version, user, files, providers."""
    logfile = program.folder / "bounces.log"
    program.configure(
        {"policy.bounce": {"other": "suppress", "bad-domain": "ignore"}},
        trail=trail(program.folder, originators=["news@lists.example"]),
        news={"type": "mailwizz", "url": "http://127.0.0.1:1/api", "api_key": HIDDEN},
    )
    with program.start("--logfile", str(logfile)) as running:
        event = first_line(running, logfile)
        running.signal(signal.SIGTERM)
        running.wait()
    assert list(event)[2:5] == ["event", "version", "user"]
    assert (event["event"], event["level"]) == ("started", "info")
    assert (event["version"], event["user"], event["pid"]) == (__version__, getpass.getuser(), running.process.pid)
    assert (event["configuration"], event["spool"]) == (str(program.config), str(program.spool))
    assert event["mode"] == "dispatch"
    assert event["categories"]["suppress"] == ["bad-mailbox", "inactive-mailbox", "other"]
    assert "quota-issues" in event["categories"]["count"]
    assert event["providers"] == {
        "trail": {"type": "file", "endpoint": f"{program.folder}/trail.jsonl", "originators": ["n***@lists.example"]},
        "news": {"type": "mailwizz", "endpoint": "http://127.0.0.1:1/api"},
    }
    assert HIDDEN not in logfile.read_text()


@pytest.mark.parametrize(
    "url",
    [
        f"http://h.example/?token={HIDDEN}",
        f"http://h.example/#{HIDDEN}",
        f"http://u:{HIDDEN}@h.example/",
        f"http://u:{HIDDEN}/x@h.example/",
        f"http://u:12?{HIDDEN}@h/",
        f"u:{HIDDEN}@h/",
    ],
)
def test_secret_in_an_endpoint(program: Program, url: str) -> None:
    """Only scheme, host and path of a URL are logged, before any adapter has validated it."""
    program.configure(news={"type": "mailwizz", "url": url, "api_key": HIDDEN})
    finished = program.feed(b"", "--no-dispatch")
    (event,) = finished.logged("started")
    assert event["providers"]["news"].get("endpoint", "") in {"", "http://h.example/"}
    assert HIDDEN not in finished.stderr


@pytest.mark.parametrize(("option", "mode"), [("--no-dispatch", "no-dispatch"), ("--dry-run", "dry-run")])
def test_modes(program: Program, option: str, mode: str) -> None:
    """The mode is that of the options; without a log file the event is the first line on stderr."""
    finished = program.feed([bounce("jane@example.com")], option)
    assert (finished.events[0]["event"], finished.events[0]["mode"]) == ("started", mode)
    assert len(finished.logged("started")) == 1


def test_without_a_configuration(tmp_path: Path) -> None:
    """Where no file is in force the event reports that these are the defaults, and where the spool is then."""
    finished = alone(tmp_path, stdin=b"jane@example.com\n")
    (event,) = finished.logged("started")
    assert (event["configuration"], event["providers"]) == ("defaults", {})
    assert event["spool"] == f"{tmp_path}/.local/state/bouncehandler/spool.db"


def test_work(program: Program) -> None:
    """`work` logs its start as well."""
    with program.start("work") as running:
        running.wait_for("started")
        assert (running.events[0]["event"], running.events[0]["mode"]) == ("started", "work")
        running.signal(signal.SIGTERM)
        assert running.wait().status == 0


@pytest.mark.parametrize(("options", "mode"), [((), "ingest"), (("--watch", "--every", "1m"), "watch")])
def test_ingest(program: Program, options: tuple[str, ...], mode: str) -> None:
    """`ingest` logs its start with the folder, whether it takes the files once or goes on."""
    folder = program.folder / "moved"
    folder.mkdir()
    with program.start("ingest", str(folder), *options) as running:
        running.wait_until(lambda: any(event["event"] == "started" for event in running.events))
        running.signal(signal.SIGTERM)
        finished = running.wait()
    (event,) = finished.logged("started")
    assert finished.events[0] == event
    assert (event["mode"], event["folder"]) == (mode, str(folder))
    assert event.get("every") == (60.0 if options else None)


def test_start_that_fails(program: Program) -> None:
    """A failed start logs no `started`, only the reason."""
    program.configure({"spool": {"url": "sqlite:////proc/bouncehandler/spool.db"}})
    logfile = program.folder / "bounces.log"
    assert program.feed(accounting([]), "--logfile", str(logfile)).status == 78
    assert [json.loads(line)["event"] for line in logfile.read_text().splitlines()] == ["failed"]


def test_start_after_logrotate(program: Program) -> None:
    """The event comes once a start, and is appended to what the log has already."""
    logfile = program.folder / "bounces.log"
    for _ in range(2):
        assert program.feed([bounce("jane@example.com")], "--logfile", str(logfile)).status == 0
    events = [json.loads(line)["event"] for line in logfile.read_text().splitlines()]
    assert events.count("started") == 2
    assert events[0] == "started"
    wait_until(lambda: events[-1] == "finished")

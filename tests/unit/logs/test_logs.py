"""The log: its two forms, its file, and what never gets into it."""

import io
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from pydantic import BaseModel, SecretStr

from bouncehandler import logs
from bouncehandler.settings import ConfigurationError
from bouncehandler.suppression import Suppression

FORGERY = "x\n2026-01-01T00:00:00Z [info] forged\r\x1b[2J\u2028\u2029\u202e\u2066\x00\x85\ud800"


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Restore the configuration of structlog and of the standard library's loggers."""
    names = ("bouncehandler", "httpx", "httpcore")
    levels = {name: logging.getLogger(name).level for name in names}
    yield
    structlog.reset_defaults()
    ours = logging.getLogger("bouncehandler")
    for sink in list(ours.handlers):
        ours.removeHandler(sink)
        sink.close()
    ours.propagate = True
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def started(**options: Any) -> io.StringIO:  # noqa: ANN401  # whatever `configure` takes
    """Configure the log; returns the stream that it goes to."""
    stream = io.StringIO()
    common: dict[str, Any] = {"logfile": None, "debug": False, "addresses": "masked", "stream_is_terminal": False}
    logs.configure(**(common | {"stream": stream} | options))
    return stream


def only(text: str) -> dict[str, Any]:
    """The only line, read as JSON."""
    (line,) = text.splitlines()
    entry: dict[str, Any] = json.loads(line)
    return entry


def test_pipes_get_json_lines() -> None:
    """In a pipe each event is one JSON object that begins with time, level and event."""
    stream = started()
    before = datetime.now(UTC)
    logs.get_logger().info("dispatched", provider="news", attempts=2, lists=("a", "b"), late=None, waited=0.5)
    entry = only(stream.getvalue())
    assert list(entry) == ["timestamp", "level", "event", "provider", "attempts", "lists", "late", "waited"]
    assert before <= datetime.fromisoformat(entry.pop("timestamp")) <= datetime.now(UTC)
    assert entry == {
        "level": "info", "event": "dispatched", "provider": "news", "attempts": 2, "lists": ["a", "b"], "late": None,
        "waited": 0.5,
    }  # fmt: skip


def test_terminals_get_readable_lines() -> None:
    """On a terminal each event is one line for people, without control characters of our own either."""
    stream = started(stream_is_terminal=True)
    logs.get_logger().warning("provider is held", provider="news", reason="HTTP 401: no")
    line = stream.getvalue()
    assert re.fullmatch(r"\S+Z \[warning *\] provider is held provider=news reason='HTTP 401: no'\n", line)


def test_a_logger_made_before_configure_follows_it() -> None:
    """Where a logger is made doesn't matter."""
    log = logs.get_logger()
    first, second = started(), started()
    log.info("hello")
    assert first.getvalue() == ""
    assert only(second.getvalue())["event"] == "hello"


def test_levels() -> None:
    """What is below the level is dropped; --debug lets everything through."""
    stream = started(level="warning")
    logs.get_logger().info("quiet")
    assert stream.getvalue() == ""
    stream = started(level="warning", debug=True)
    logs.get_logger().debug("loud")
    assert only(stream.getvalue())["event"] == "loud"


def test_a_logfile_takes_the_place_of_the_stream(tmp_path: Path) -> None:
    """With --logfile the log goes there, as JSON; with --debug the stream gets it too."""
    file = tmp_path / "bouncehandler.log"
    stream = started(logfile=file, stream_is_terminal=True)
    logs.get_logger().info("one")
    logs.get_logger().debug("not said")
    assert only(file.read_text())["event"] == "one"
    assert stream.getvalue() == ""
    stream = started(logfile=file, stream_is_terminal=True, debug=True)
    logs.get_logger().debug("two")
    assert [json.loads(line)["event"] for line in file.read_text().splitlines()] == ["one", "two"]
    assert stream.getvalue().endswith("two\n")
    assert "{" not in stream.getvalue()


def test_logrotate_may_move_the_file(tmp_path: Path) -> None:
    """A file that was moved away, or deleted, is made anew at the next line."""
    file = tmp_path / "bouncehandler.log"
    started(logfile=file)
    log = logs.get_logger()
    log.info("one")
    file.rename(tmp_path / "bouncehandler.log.1")
    log.info("two")
    assert only((tmp_path / "bouncehandler.log.1").read_text())["event"] == "one"
    assert only(file.read_text())["event"] == "two"
    file.unlink()
    log.info("three")
    assert only(file.read_text())["event"] == "three"


def test_the_log_comes_back_with_its_folder(tmp_path: Path) -> None:
    """While its folder is gone lines are lost; as soon as it is back they are written again."""
    file = tmp_path / "log" / "bouncehandler.log"
    file.parent.mkdir()
    started(logfile=file)
    log = logs.get_logger()
    file.parent.rename(tmp_path / "moved")
    log.info("lost")
    log.info("lost")
    file.parent.mkdir()
    log.info("back")
    log.info("again")
    assert [json.loads(line)["event"] for line in file.read_text().splitlines()] == ["back", "again"]


def test_the_file_is_for_owner_and_group(tmp_path: Path) -> None:
    """A new log is readable by owner and group alone; one that is there keeps its mode."""
    umask = os.umask(0)
    try:
        started(logfile=tmp_path / "new.log")
    finally:
        os.umask(umask)
    assert (tmp_path / "new.log").stat().st_mode & 0o777 == 0o640


def test_each_line_is_one_write(tmp_path: Path) -> None:
    """Lines of two processes that share a file can't be torn apart, since each is written at once, at the end."""
    file = tmp_path / "bouncehandler.log"
    started(logfile=file)
    logs.get_logger().info("one")
    with file.open("ab") as other:
        other.write(b'{"event": "other"}\n')
    logs.get_logger().info("x" * 100_000)
    assert [len(json.loads(line)["event"]) for line in file.read_text().splitlines()] == [3, 5, 100_000]


@pytest.mark.parametrize(
    ("name", "mend"),
    [("gone/bouncehandler.log", "make the folder .*/gone"), (".", "name a file in it"), ("\0", "name another file")],
)
def test_a_log_that_cannot_be_written_is_reported_at_the_start(tmp_path: Path, name: str, mend: str) -> None:
    """A log that can't be opened is one sentence that names it, at the start and not at the first event."""
    with pytest.raises(ConfigurationError, match=f"^the log file .* can't be written: .*; {mend}$"):
        started(logfile=tmp_path / name)


def test_a_full_disk_stops_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """A line that can't be written raises nothing and prints nothing, then or at the end."""
    started(logfile=Path("/dev/full"))
    logs.get_logger().info("lost")
    started()
    assert capfd.readouterr() == ("", "")


def test_a_broken_stream_stops_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """After the reader of stderr has gone, work goes on."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb", 0) as raw:
        started(stream=io.TextIOWrapper(raw, write_through=True))
        logs.get_logger().info("lost")
    logs.get_logger().info("lost, since it is closed")
    assert capfd.readouterr() == ("", "")


class UnprintableObject:
    """An object that fails when it is written down."""

    def __repr__(self) -> str:
        raise RuntimeError


def test_an_object_that_cannot_be_written_stops_nothing() -> None:
    """Any object can be logged, even one that fails when it is made into text."""
    stream = started()
    cyclic: list[object] = []
    cyclic.append(cyclic)
    logs.get_logger().info(
        "odd", a=UnprintableObject(), b=cyclic, c=float("nan"), d=b"\xff", e={1: Path("/x")}, f=ValueError()
    )
    entry = only(stream.getvalue())
    assert entry["a"] == "<UnprintableObject that can't be written>"
    assert (entry["c"], entry["d"], entry["e"], entry["f"]) == ("nan", "\\xff", {"1": "/x"}, "ValueError()")


def test_other_libraries_stay_out(capfd: pytest.CaptureFixture[str]) -> None:
    """Messages of httpx, with API keys in headers, reach neither our log nor another's, even with --debug."""
    stream = started(debug=True)
    seen = io.StringIO()
    root, listener = logging.getLogger(), logging.StreamHandler(seen)
    level = root.level
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    try:
        with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200))) as client:
            client.get("https://example.com/?key=s3cr3t")
        logging.getLogger("httpcore.http11").debug("headers: s3cr3t")
        logs.get_logger().info("ours")
    finally:
        root.removeHandler(listener)
        root.setLevel(level)
    assert only(stream.getvalue())["event"] == "ours"
    assert seen.getvalue() == ""
    assert capfd.readouterr() == ("", "")


class Credentials(BaseModel):
    """Something that holds a secret."""

    token: SecretStr


@pytest.mark.parametrize("is_terminal", [True, False])
def test_secrets_are_asterisks(is_terminal: bool) -> None:  # noqa: FBT001  # pytest passes it
    """A secret that is passed to the log isn't in it."""
    stream = started(stream_is_terminal=is_terminal, debug=True, addresses="plain")
    secret = SecretStr("s3cr3t")
    logs.get_logger().info("told", token=secret, inner={"tokens": [secret]}, model=Credentials(token=secret))
    assert "s3cr3t" not in stream.getvalue()
    assert stream.getvalue().count("*****") >= 3


@pytest.mark.parametrize("is_terminal", [True, False])
def test_no_text_forges_a_line(is_terminal: bool) -> None:  # noqa: FBT001  # pytest passes it
    """Line ends, escape sequences and direction marks from outside are shown, not obeyed, wherever they come in."""
    stream = started(stream_is_terminal=is_terminal, debug=True)
    logs.get_logger().info(FORGERY, value=FORGERY, inner={"key " + FORGERY: [FORGERY]}, **{"key" + FORGERY: 1})
    text = stream.getvalue()
    assert text.endswith("\n")
    assert text[:-1].isprintable()


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_traceback_forges_nothing(is_terminal: bool) -> None:  # noqa: FBT001  # pytest passes it
    """An exception's text is masked, its lines can't pass for lines of the log, and no variables are shown."""
    stream = started(stream_is_terminal=is_terminal)
    token = "s3cr3t"
    try:
        raise ValueError(FORGERY + " john.doe@example.com") from RuntimeError("jane@example.com")  # noqa: TRY301  # in place
    except ValueError:
        logs.get_logger().exception("a bug", of=token[:1])
    first, *others = stream.getvalue()[:-1].split("\n")
    assert all(line.startswith("    ") for line in others)
    assert all(line.isprintable() for line in (first, *others))
    assert ("Traceback" in first) is not is_terminal
    assert "j***@example.com" in stream.getvalue()
    assert not re.search("john|jane|s3cr3t'", stream.getvalue())


@pytest.mark.parametrize("is_terminal", [True, False])
def test_addresses_are_masked_wherever_they_stand(is_terminal: bool) -> None:  # noqa: FBT001  # pytest passes it
    """Events, keys, values, lists, tables, records and objects: no address is written in full."""
    stream = started(stream_is_terminal=is_terminal)
    suppression = Suppression("1", "john.doe@example.com", "bounce", diagnostic="550 <john.doe@example.com> unknown")
    logs.get_logger().info(
        "no john.doe@example.com here",
        suppression=suppression,
        inner={"john.doe@example.com": [{"to": ("john.doe@example.com",)}]},
        error=ValueError("GET https://x.example.com/?EMAIL=john.doe%40example.com&key=1"),
        raw=b"john.doe@example.com",
    )
    assert "john.doe" not in stream.getvalue()
    assert stream.getvalue().count("***@example.com") == 7


def test_addresses_are_plain_on_request() -> None:
    """`addresses = "plain"` leaves addresses unmasked everywhere."""
    stream = started(addresses="plain")
    logs.get_logger().info("told", to="john.doe@example.com", url="?e=john%40example.com")
    entry = only(stream.getvalue())
    assert (entry["to"], entry["url"]) == ("john.doe@example.com", "?e=john%40example.com")


def test_a_start_loads_no_unused_library() -> None:
    """Neither rich nor asyncio, which would take half of every start; both can be imported afterwards."""
    code = (
        "import sys; from bouncehandler.cli.lean_imports import import_libraries; import_libraries()\n"
        "import bouncehandler.logs; assert not {'rich', 'asyncio'} & set(sys.modules)\n"
        "import asyncio, importlib.metadata, rich.table; assert asyncio.run and importlib.metadata.version"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")

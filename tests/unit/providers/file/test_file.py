"""The file adapter on real files."""

import json
import os
import resource
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from bouncehandler.provider import Checkable, ProviderUnavailable
from bouncehandler.suppression import Outcome, Suppression
from providers.file import File

JOHN = Suppression(
    id="1" * 24,
    recipient="john@example.test",
    reason="bounce",
    category="bad-mailbox",
    diagnostic='smtp;550 "no"\r\n\x00\u2028\udcff',
    occurred_at=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
)

APPEND_MANY = """
import sys
from pathlib import Path

import httpx

from bouncehandler.suppression import Suppression
from providers.file import File

with httpx.Client() as client:
    file = File(File.Settings(path=Path(sys.argv[1])), client)
sys.stdin.readline()
for number in range(50):
    recipient = f"{sys.argv[2]}-{number}@example.test"
    file.unsubscribe(Suppression(id="0" * 24, recipient=recipient, reason="list", diagnostic="x" * number * 500))
"""

APPEND_WITHOUT_RIGHTS = """
import os
import sys
from pathlib import Path

import httpx

from bouncehandler.provider import ProviderUnavailable
from bouncehandler.suppression import Suppression
from providers.file import File

with httpx.Client() as client:
    file = File(File.Settings(path=Path(sys.argv[1])), client)
if os.getuid() == 0:  # who may write anywhere
    os.setuid(65534)
try:
    file.check()
except ProviderUnavailable as error:
    print("check:", error)
try:
    file.unsubscribe(Suppression(id="0" * 24, recipient="john@example.test", reason="list"))
except ProviderUnavailable as error:
    print("unsubscribe:", error)
"""


def adapter(path: Path) -> File:
    """The adapter for a path; it makes no calls, so its client may be closed."""
    with httpx.Client() as client:
        return File(File.Settings(path=path), client)


def lines(path: Path) -> list[dict[str, Any]]:
    """Each line of a file, read as JSON."""
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """A file can grow to so many bytes and no further, as on a disk that is full."""
    # Python ignores SIGXFSZ, so that a write fails instead.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_suppression_is_one_line_of_json(tmp_path: Path) -> None:
    """Every field of the suppression is on one line, whatever a remote server put into them."""
    path = tmp_path / "suppressed.jsonl"
    assert adapter(path).unsubscribe(JOHN) == Outcome("unsubscribed")
    assert lines(path) == [{**JOHN._asdict(), "occurred_at": "2026-03-01T09:30:00+00:00"}]
    assert path.read_bytes().isascii()


def test_ids_of_a_complaint_are_on_the_line(tmp_path: Path) -> None:
    """A complaint's subscriber ids are kept beside the address; every key is there for a bounce as well."""
    path = tmp_path / "suppressed.jsonl"
    ids = {"list_manager": "interspire", "list_id": "8,13", "subscriber_id": "4711", "campaign_id": ""}
    complaint = JOHN._replace(reason="complaint", list_manager="interspire", list_id="8,13", subscriber_id="4711")
    file = adapter(path)
    file.unsubscribe(complaint)
    file.unsubscribe(JOHN)
    asked, bounced = lines(path)
    assert {name: asked[name] for name in ids} == ids
    assert {name: bounced[name] for name in ids} == dict.fromkeys(ids, "")


def test_repeated_call_is_known_by_its_id(tmp_path: Path) -> None:
    """A retry appends the line again, with the same id and nothing else changed."""
    path = tmp_path / "suppressed.jsonl"
    file = adapter(path)
    file.unsubscribe(JOHN)
    file.unsubscribe(JOHN)
    first, second = lines(path)
    assert first == second


def test_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Addresses are private: a new file is readable by its owner only."""
    path = tmp_path / "suppressed.jsonl"
    adapter(path).unsubscribe(JOHN)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_existing_file_keeps_its_content_and_mode(tmp_path: Path) -> None:
    """An existing file keeps its content, and the mode that the operator gave it."""
    path = tmp_path / "suppressed.jsonl"
    path.write_text("{}\n")
    path.chmod(0o640)
    adapter(path).unsubscribe(JOHN)
    assert [line.get("recipient") for line in lines(path)] == [None, "john@example.test"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_moved_file_is_made_anew(tmp_path: Path) -> None:
    """After logrotate has moved the file away, the next line is in a new one."""
    path = tmp_path / "suppressed.jsonl"
    file = adapter(path)
    file.unsubscribe(JOHN)
    path.rename(tmp_path / "suppressed.jsonl.1")
    file.unsubscribe(JOHN)
    assert len(lines(path)) == len(lines(tmp_path / "suppressed.jsonl.1")) == 1


def test_line_is_on_disk_when_the_call_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is synced after the line was written, so a power cut loses none that was reported done."""
    path = tmp_path / "suppressed.jsonl"
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file).st_size))
    adapter(path).unsubscribe(JOHN)
    assert synced == [path.stat().st_size]


def test_eight_processes_lose_no_line(tmp_path: Path) -> None:
    """Processes that append at once, long lines included, neither lose nor mix lines."""
    path = tmp_path / "suppressed.jsonl"
    command = [sys.executable, "-c", APPEND_MANY, str(path)]
    writers = [subprocess.Popen([*command, str(name)], stdin=subprocess.PIPE) for name in range(8)]
    for writer in writers:
        assert writer.stdin
        writer.stdin.write(b"go\n")
        writer.stdin.close()
    assert [writer.wait(180) for writer in writers] == [0] * 8
    assert {line["recipient"] for line in lines(path)} == {
        f"{name}-{number}@example.test" for name in range(8) for number in range(50)
    }


def test_threads_lose_no_line(tmp_path: Path) -> None:
    """One adapter may be called from many threads."""
    path = tmp_path / "suppressed.jsonl"
    file = adapter(path)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: file.unsubscribe(JOHN._replace(job_id=f"{n}" * 9000)), range(200)))
    assert {line["job_id"][:3] for line in lines(path)} == {f"{n}{n}{n}"[:3] for n in range(200)}
    assert len(lines(path)) == 200


def test_device_without_space_holds_the_provider() -> None:
    """A full disk concerns every suppression, and is called by its name."""
    with pytest.raises(ProviderUnavailable, match="can't append to /dev/full: No space left on device"):
        adapter(Path("/dev/full")).unsubscribe(JOHN)


def test_half_a_line_spoils_no_other(tmp_path: Path) -> None:
    """Where the disk fills up in mid-line, the call fails, and the retry is whole on a line of its own."""
    path = tmp_path / "suppressed.jsonl"
    file = adapter(path)
    file.unsubscribe(JOHN)
    whole = path.stat().st_size
    with files_of_at_most(whole + 20), pytest.raises(ProviderUnavailable, match="File too large"):
        file.unsubscribe(JOHN)
    assert path.stat().st_size == whole + 20
    file.unsubscribe(JOHN)
    first, half, again = path.read_bytes().splitlines()
    assert len(half) == 20
    assert first == again


@pytest.mark.parametrize(
    ("path", "reason"),
    [("missing/file", "No such file"), ("folder", "Is a directory"), ("a-file/x", "Not a directory")],
)
def test_path_that_can_not_be_written_holds_the_provider(tmp_path: Path, path: str, reason: str) -> None:
    """A wrong path fails the call with the system's message, and found before by the check."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "a-file").touch()
    file = adapter(tmp_path / path)
    with pytest.raises(ProviderUnavailable, match=f"can't append to {tmp_path / path}: {reason}"):
        file.unsubscribe(JOHN)
    with pytest.raises(ProviderUnavailable, match=f"can't append to {tmp_path / path}: "):
        file.check()


@pytest.mark.parametrize("name", ["new.jsonl", "existing.jsonl"])
def test_place_without_rights_holds_the_provider(name: str) -> None:
    """Where the user may not write, the call reports it in the system's words, and the check finds it before."""
    with tempfile.TemporaryDirectory() as folder:  # not tmp_path, since its folders keep other users out
        existing = Path(folder) / "existing.jsonl"
        existing.touch()
        existing.chmod(0o444)
        Path(folder).chmod(0o555)
        command = [sys.executable, "-c", APPEND_WITHOUT_RIGHTS, f"{folder}/{name}"]
        message = subprocess.run(command, capture_output=True, text=True, check=True, timeout=180).stdout.splitlines()
        Path(folder).chmod(0o700)
    assert message == [
        f"check: can't append to {folder}/{name}: give it a folder that this user may write to",
        f"unsubscribe: can't append to {folder}/{name}: Permission denied",
    ]


def test_check_changes_nothing(tmp_path: Path) -> None:
    """The check makes no file, and touches none that is there."""
    file = adapter(tmp_path / "suppressed.jsonl")
    assert isinstance(file, Checkable)
    assert file.check() == f"{tmp_path / 'suppressed.jsonl'} can be appended to"
    assert list(tmp_path.iterdir()) == []
    file.unsubscribe(JOHN)
    before = (tmp_path / "suppressed.jsonl").stat()
    file.check()
    after = (tmp_path / "suppressed.jsonl").stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def test_restored(tmp_path: Path) -> None:
    """A restoring line can't be taken for a suppression."""
    file = File(File.Settings(path=tmp_path / "trail.jsonl"), httpx.Client())
    outcome = file.unsubscribe(JOHN)
    assert file.restore(JOHN, outcome) == Outcome("restored")
    entries = [json.loads(line) for line in (tmp_path / "trail.jsonl").read_text().splitlines()]
    assert entries[1] == {"restored": "john@example.test", "id": JOHN.id}

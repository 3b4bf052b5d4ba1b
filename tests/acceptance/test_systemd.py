"""Service notifications of `work` and of `ingest --watch`: by the datagrams of sd_notify(3), on a real socket."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bouncehandler.runtime.systemd import SystemdNotifier
from tests.acceptance.harness import LONGEST, Program, bounce
from tests.acceptance.shell import trail, with_trail

_DONE = "STATUS=since the start 1 dispatches were done, 0 became dead letters"


@contextmanager
def listener(address: str) -> Iterator[socket.socket]:
    """A socket like the one that systemd listens on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        receiver.settimeout(LONGEST / 2)
        yield receiver


def receive_messages(receiver: socket.socket, messages: list[str], **counts: int) -> None:
    """Listen until each message with such a beginning came so often, up to a limit."""
    for _ in range(200):
        if all(sum(message.startswith(word) for message in messages) >= count for word, count in counts.items()):
            return
        messages.append(receiver.recv(4096).decode())
    raise AssertionError(f"{counts} was not heard, but {messages}")


def test_work_states_when_it_is_ready_alive_and_stopping(tmp_path: Path) -> None:
    """`work` sends READY, WATCHDOG again and again, how much was done, and STOPPING, also to an abstract socket."""
    program = with_trail(tmp_path)
    assert program.feed([bounce("john@example.com")], "--no-dispatch").status == 0
    address = f"@bouncehandler-test-{tmp_path}"[:100]
    messages: list[str] = []
    with listener(address) as receiver:
        watched = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "400000"}
        with program.start("work", environ=watched) as running:
            receive_messages(receiver, messages, READY=1, WATCHDOG=3, STATUS=1)
            running.wait_for("unsubscribed")
            statuses = sum(message.startswith("STATUS") for message in messages)
            receive_messages(receiver, messages, **({} if _DONE in messages else {"STATUS": statuses + 1}))
            running.signal(signal.SIGTERM)
            receive_messages(receiver, messages, STOPPING=1)
            assert running.wait().status == 0
    assert messages[0] == "READY=1"
    assert _DONE in messages


def test_ingest_states_the_same_while_it_watches(tmp_path: Path) -> None:
    """`ingest --watch` sends READY, WATCHDOG while it waits for files, and STOPPING."""
    (tmp_path / "in").mkdir()
    program, messages = Program(tmp_path), list[str]()
    address = str(tmp_path / "notify")
    with listener(address) as receiver:
        watched = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "400000"}
        with program.start("ingest", str(tmp_path / "in"), "--watch", "--every", "50ms", environ=watched) as running:
            receive_messages(receiver, messages, READY=1, WATCHDOG=2, STATUS=1)
            running.signal(signal.SIGTERM)
            receive_messages(receiver, messages, STOPPING=1)
            assert running.wait().status == 0
    assert messages[0] == "READY=1"
    assert "STATUS=since the start 0 files were taken; 0 stay" in messages


def test_no_listener_changes_nothing(tmp_path: Path) -> None:
    """Where the socket is gone, or the variables make no sense, the program does what it always does."""
    program = Program(tmp_path)
    program.configure(trail=trail(tmp_path))
    odd = {"NOTIFY_SOCKET": str(tmp_path / "gone"), "WATCHDOG_USEC": "soon"}
    with program.start("work", environ=odd) as running:
        running.wait_for("started")
        running.signal(signal.SIGTERM)
        assert running.wait().status == 0


@pytest.mark.parametrize("hanging", [{"news": 1, "crm": 2}, {"news": 2, "crm": 1}, {"news": 1, "crm": 1}])
def test_one_worker_that_hangs_silences_the_watchdog(tmp_path: Path, hanging: dict[str, int]) -> None:
    """WATCHDOG is sent only when every worker has gone on since the last datagram, and at half of the time at most."""
    now = [0.0]
    address = str(tmp_path / "notify")
    with listener(address) as receiver:
        receiver.settimeout(0)
        supervisor = SystemdNotifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "10000000"}, lambda: now[0])
        supervisor.alive({"news": 1, "crm": 1})
        assert receiver.recv(100) == b"WATCHDOG=1"
        for now[0], progress in ((4.9, {"news": 2, "crm": 2}), (9.0, hanging), (900.0, hanging)):
            supervisor.alive(progress)
            with pytest.raises(BlockingIOError):
                receiver.recv(100)
        supervisor.alive({"news": 9, "crm": 9})
        assert receiver.recv(100) == b"WATCHDOG=1"


def test_another_processes_watchdog_is_not_fed(tmp_path: Path) -> None:
    """Where WATCHDOG_PID names another process, nothing is sent: sd_watchdog_enabled(3)."""
    address = str(tmp_path / "notify")
    with listener(address) as receiver:
        receiver.settimeout(0)
        watched = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "1"}
        SystemdNotifier(watched, lambda: 0.0).alive(1)
        with pytest.raises(BlockingIOError):
            receiver.recv(100)

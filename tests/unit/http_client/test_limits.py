"""The client's limits: the time and the size of an answer, and how it is read, whatever the server does."""

import gzip
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from bouncehandler.http_client.client import ProviderClient, ResponseRefusedError, build_client
from tests.fakes.raw import CERTIFICATE, Echo, RawServer, drip
from tests.fakes.server import PATIENCE, Answer, wait_until

MIB = 1024 * 1024


@contextmanager
def peak_memory() -> Iterator[Callable[[], int]]:
    """The most bytes that Python held at once, since the block began."""
    tracemalloc.start()
    try:
        yield lambda: tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class Clock:
    """A clock that tests set, so that a slow machine changes nothing."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now

    def pass_second(self) -> None:
        """Move it on."""
        self.now += 1.0


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def client(clock: Clock) -> Iterator[ProviderClient]:
    """A client with the usual limits."""
    with build_client(timeout=60, sleep=lambda _: None, clock=clock) as client:
        yield client


@pytest.mark.parametrize(
    ("beginning", "byte"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x", id="body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Endless: ", b"x", id="header"),
        pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n", id="informational answers"),
    ],
)
def test_answer_that_only_drips_is_cut_off(clock: Clock, beginning: bytes, byte: bytes) -> None:
    """However often a byte comes, the whole answer has to be there in time."""
    talk = drip(beginning, byte, clock.pass_second)
    with RawServer(talk) as server, build_client(timeout=60, clock=clock) as client:
        with pytest.raises(httpx.ReadTimeout, match=r"did not finish its answer within 60 seconds"):
            client.get(server.url)
        wait_until(lambda: server.closed == 1)
    assert clock.now >= 60


def test_silent_server_is_a_timeout_in_plain_words(echo: Echo, clock: Clock) -> None:
    """A silent server is named as that, with the seconds that it was given."""
    echo.always = Answer(delay=2 * PATIENCE)
    with (
        build_client(timeout=0.2, clock=clock) as client,
        pytest.raises(httpx.ReadTimeout, match=r"within 0\.2 seconds"),
    ):
        client.get(echo.url)


def test_server_that_does_not_read_is_cut_off(clock: Clock) -> None:
    """A request that the server does not take in time is given up."""
    done = threading.Event()

    def ignore(_: socket.socket) -> None:
        done.wait(2 * PATIENCE)

    with RawServer(ignore) as server, build_client(timeout=0.3, clock=clock) as client:
        with pytest.raises(httpx.WriteTimeout):
            client.post(server.url, content=b"x" * 32 * MIB)
        done.set()


def test_silence_after_a_late_beginning_gets_only_what_is_left(clock: Clock) -> None:
    """When an answer begins just before its time is over, the rest is not waited for as long again."""
    done = threading.Event()

    def begin_late(connection: socket.socket) -> None:
        connection.recv(65536)
        clock.now = 3599.9
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        done.wait(2 * PATIENCE)  # a client that waits longer finds the answer broken off

    with RawServer(begin_late) as server, build_client(timeout=3600, clock=clock) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get(server.url)
        done.set()


def test_each_request_has_the_whole_time(echo: Echo, clock: Clock) -> None:
    """The time runs per request, not per client or connection."""
    with build_client(timeout=60, clock=clock) as client:
        for _ in range(3):
            assert client.get(echo.url).status_code == 500
            clock.now += 3600


def test_huge_answer_is_cut_off_in_flat_memory(client: ProviderClient) -> None:
    """Of an answer of 200 MB no more than the limit is held, and the rest is not fetched."""
    sent = [0]

    def flood(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 209715200\r\n\r\n")
        block = b"x" * 65536
        while sent[0] < 200 * MIB:
            sent[0] += connection.send(block)

    with RawServer(flood) as server, peak_memory() as peak:
        with pytest.raises(ResponseRefusedError, match="longer than 4194304 bytes"):
            client.get(server.url)
        wait_until(lambda: server.closed == 1)
        assert peak() < 16 * MIB
    assert sent[0] < 100 * MIB


def test_answer_in_tiny_pieces_is_held_once(client: ProviderClient) -> None:
    """Many chunks of two bytes cost what one piece of that size costs."""

    def crumble(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(50):
            connection.sendall(b"2\r\nab\r\n" * 1000)
        connection.sendall(b"0\r\n\r\n")

    with RawServer(crumble) as server, peak_memory() as peak:
        assert client.get(server.url).content == b"ab" * 50_000
        assert peak() < MIB


def test_answer_of_just_the_limit_is_accepted(echo: Echo) -> None:
    """The limit itself is allowed, one byte more is not."""
    with build_client(timeout=60, max_response=1000) as client:
        echo.always = Answer(body=b"x" * 1000)
        assert len(client.get(echo.url).content) == 1000
        echo.always = Answer(body=b"x" * 1001)
        with pytest.raises(ResponseRefusedError):
            client.get(echo.url)


def test_compressed_answer_is_refused_unpacked(client: ProviderClient, echo: Echo) -> None:
    """An answer that would unpack to 100 MB is refused before a byte of it is unpacked."""
    bomb = gzip.compress(b"0" * 100 * MIB)
    echo.always = Answer(body=bomb, headers={"Content-Encoding": "gzip"})
    with peak_memory() as peak:
        with pytest.raises(ResponseRefusedError, match="compresses its answers"):
            client.get(echo.url)
        assert peak() < 4 * MIB


def test_compression_of_nothing_is_no_reason_to_refuse(client: ProviderClient, echo: Echo) -> None:
    """An answer without a body is accepted whatever encoding its header names."""
    echo.always = Answer(status=200, headers={"Content-Encoding": "gzip"})
    assert client.get(echo.url).content == b""


@pytest.mark.parametrize("charset", ["zlib", "rot13", "no-such-thing", "utf-16"])
def test_text_is_utf_8_whatever_the_server_names(client: ProviderClient, echo: Echo, charset: str) -> None:
    """A charset that is none can't make an adapter stumble over an answer's text."""
    echo.always = Answer(body="Grüße".encode(), content_type=f"text/html; charset={charset}")
    assert client.get(echo.url).text == "Grüße"


def test_tls_answer_that_only_drips_is_cut_off(clock: Clock) -> None:
    """The time for an answer holds for encrypted connections too."""
    talk = drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x", clock.pass_second)
    trusting = build_client(timeout=60, clock=clock, ca_file=str(CERTIFICATE))
    cut_off = pytest.raises(httpx.ReadTimeout, match="did not finish its answer")
    with RawServer(talk, tls=True) as server, trusting as client, cut_off:
        client.get(server.url)

"""How the client uses connections: kept, let go, through a proxy, and with a server that takes its time."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

import httpx
import pytest

from bouncehandler.http_client.client import ProviderClient, build_client
from tests.fakes.raw import CERTIFICATE, OK, RawServer, answer_each
from tests.fakes.server import wait_until


def _tunnel(connection: socket.socket) -> None:
    """Act as a proxy: connect to the target of CONNECT, and copy bytes both ways."""
    host, _, port = connection.recv(65536).split()[1].decode().partition(":")
    with socket.create_connection((host, int(port))) as onward:
        connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        threading.Thread(target=_carry, args=(onward, connection), daemon=True).start()
        _carry(connection, onward)


def _carry(from_: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while block := from_.recv(65536):
            to.sendall(block)
        to.shutdown(socket.SHUT_WR)


def test_encrypted_server_is_reached_through_a_proxy() -> None:
    """Through a tunnel the certificate is the server's, and the connection is kept from call to call."""
    with RawServer(answer_each, tls=True) as server, RawServer(_tunnel) as proxy:
        with build_client(timeout=60, ca_file=str(CERTIFICATE), proxy=proxy.url) as client:
            assert [client.get(server.url).text for _ in range(3)] == ["ok"] * 3
        assert (proxy.opened, server.opened) == (1, 1)


def test_proxy_that_refuses_is_named_as_such() -> None:
    """A proxy's answer instead of connecting is an error that adapters know."""

    def refuse(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")

    refusal = pytest.raises(httpx.ProxyError, match="407")
    with RawServer(refuse) as proxy, build_client(timeout=60, proxy=proxy.url) as client, refusal:
        client.get("https://lists.example.test/")


def test_two_servers_can_be_talked_to_in_turn(client: ProviderClient) -> None:
    """An adapter with two servers keeps a connection to each; with a third, the oldest is closed."""
    with ExitStack() as servers:
        first, second, third = (servers.enter_context(RawServer(answer_each)) for _ in range(3))
        for server in (first, second) * 3:
            client.get(server.url)
        assert (first.opened, second.opened) == (1, 1)
        client.get(third.url)
        wait_until(lambda: first.closed == 1)
        assert (second.closed, third.closed) == (0, 0)


def test_connection_of_a_refused_answer_is_not_used_again() -> None:
    """The rest of an answer that was cut off is not taken for the next one."""

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n" + b"x" * 70000)
        connection.recv(65536)

    with RawServer(talk) as server, build_client(timeout=60, max_response=1000) as client:
        for _ in range(2):
            with pytest.raises(httpx.ReadError, match="longer than 1000"):
                client.get(server.url)
        assert server.opened == 2


def test_broken_answer_is_an_error_that_adapters_know(client: ProviderClient) -> None:
    """What is no HTTP, or no answer at all, is a failure of the transport."""
    for message in (b"", b"SSH-2.0-OpenSSH_9.6\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"):

        def talk(connection: socket.socket, message: bytes = message) -> None:
            connection.recv(65536)
            connection.sendall(message)

        with RawServer(talk) as server, pytest.raises(httpx.RemoteProtocolError):
            client.get(server.url)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "ws://127.0.0.1/"])
def test_only_http_is_spoken(client: ProviderClient, url: str) -> None:
    """Another scheme is refused before anything is connected."""
    with pytest.raises(httpx.UnsupportedProtocol):
        client.get(url)


def _slowly(read: Callable[[int], bytes], left: int) -> None:
    while left > 0:
        time.sleep(0.001)
        left -= len(read(65536))


@pytest.mark.parametrize("tls", [False, True])
def test_server_that_reads_slowly_gets_all(*, tls: bool) -> None:
    """A body that does not fit into what the system holds is sent as the server takes it, in the time there is."""
    body = b"0123456789" * 400_000

    def talk(connection: socket.socket) -> None:
        head, _, begun = connection.recv(65536).partition(b"\r\n\r\n")
        assert head.startswith(b"POST / ")
        _slowly(connection.recv, len(body) - len(begun))
        connection.sendall(OK)

    with RawServer(talk, tls=tls) as server, build_client(timeout=60, ca_file=str(CERTIFICATE)) as client:
        assert client.post(server.url, content=body).text == "ok"

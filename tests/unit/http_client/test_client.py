"""The client's connections: threads, second tries, cookies, redirects, certificates and proxies."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from bouncehandler import __version__
from bouncehandler.http_client.client import ProviderClient, build_client
from tests.fakes.raw import CERTIFICATE, OK, Echo, RawServer, answer_each
from tests.fakes.server import Answer, closed_port, wait_until


def test_every_thread_has_one_connection_of_its_own(client: ProviderClient) -> None:
    """Four threads that call five times each hold four connections."""
    together = threading.Barrier(4)

    def call_five_times(url: str) -> list[int]:
        together.wait()
        return [client.get(url).status_code for _ in range(5)]

    with RawServer(answer_each) as server, ThreadPoolExecutor(4) as threads:
        assert list(threads.map(call_five_times, [server.url] * 4)) == [[200] * 5] * 4
        assert server.opened == 4


@pytest.mark.parametrize("body", [b"short", b"long" * 100_000])
def test_headers_go_out_with_what_follows_them(client: ProviderClient, body: bytes) -> None:
    """A server need not be woken twice for a short request: headers and body come with one packet."""
    first: list[bytes] = []

    def answer_whole(connection: socket.socket) -> None:
        first.append(received := connection.recv(65536))
        left = len(body) - len(received.partition(b"\r\n\r\n")[2])
        while left > 0:
            left -= len(connection.recv(65536))
        connection.sendall(OK)

    with RawServer(answer_whole) as server:
        assert client.post(server.url, content=body).text == "ok"
    assert body.startswith(first[0].partition(b"\r\n\r\n")[2][:1000] or b"nothing")


def test_close_closes_the_connections_of_all_threads() -> None:
    """After close() no connection is open, whichever thread made it."""
    together = threading.Barrier(3)
    with RawServer(answer_each) as server:
        client = build_client(timeout=60)

        def call(_: int) -> None:
            client.get(server.url)
            together.wait()

        with ThreadPoolExecutor(3) as threads:
            list(threads.map(call, range(3)))
            assert (server.opened, server.closed) == (3, 0)
            client.close()
            wait_until(lambda: server.closed == 3)


def test_connections_of_an_ended_thread_are_closed(client: ProviderClient) -> None:
    """Threads that come and go leave no connections behind."""
    with RawServer(answer_each) as server:
        for _ in range(3):
            thread = threading.Thread(target=client.get, args=(server.url,))
            thread.start()
            thread.join()
        wait_until(lambda: server.closed == 2)
        assert server.opened == 3


def test_connection_that_the_server_closed_is_not_used_again(client: ProviderClient) -> None:
    """A connection closed between two calls costs a new one, not a failure."""

    def answer_once(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(OK)

    with RawServer(answer_once) as server:
        client.get(server.url)
        wait_until(lambda: server.closed == 1)
        assert client.get(server.url).status_code == 200


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """One entry for each connection that is tried."""
    tries: list[object] = []
    connect = socket.create_connection

    def counted(*args: object, **kwargs: object) -> object:
        tries.append(args)
        return connect(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(socket, "create_connection", counted)
    return tries


def test_refused_connection_is_tried_twice_and_no_more(tries: list[object]) -> None:
    """A connection that can't be made is tried once more after 0.1 to 0.5 s, then the failure is the caller's."""
    waits: list[float] = []
    refused = pytest.raises(httpx.ConnectError, match="refused")
    with closed_port() as url, build_client(timeout=60, sleep=waits.append) as client, refused:
        client.get(url)
    assert len(tries) == 2
    assert [0.1 <= wait <= 0.5 for wait in waits] == [True]


def test_second_try_that_comes_too_late_is_left_out(tries: list[object]) -> None:
    """A request that times out before the second try fails at once, with the error of the first one."""
    waits: list[float] = []
    client = build_client(timeout=0.1, sleep=waits.append, clock=lambda: 0.0)
    with closed_port() as url, client, pytest.raises(httpx.ConnectError, match="refused"):
        client.get(url)
    assert (len(tries), waits) == (1, [])


def test_both_tries_and_the_wait_have_one_deadline(tries: list[object]) -> None:
    """A second try does not connect after the request's deadline."""
    now = [0.0]

    def sleep(_: float) -> None:
        now[0] += 10

    client = build_client(timeout=10, sleep=sleep, clock=lambda: now[0])
    with closed_port() as url, client, pytest.raises(httpx.ConnectTimeout, match="within 10 seconds"):
        client.get(url)
    assert len(tries) == 1


def test_handshake_that_fails_is_tried_twice() -> None:
    """A server that hangs up before the connection is encrypted was sent no request, and is tried once more."""
    waits: list[float] = []

    def hang_up(connection: socket.socket) -> None:
        connection.recv(65536)

    with RawServer(hang_up) as server, build_client(timeout=60, sleep=waits.append) as client:
        with pytest.raises(httpx.ConnectError):
            client.get(server.url.replace("http:", "https:"))
        assert (server.opened, len(waits)) == (2, 1)


def test_second_try_may_succeed() -> None:
    """A server that comes up during the wait gets the whole request, a streamed body too."""
    late = socket.socket()
    late.bind(("127.0.0.1", 0))
    received: list[bytes] = []

    def serve() -> None:
        connection, _ = late.accept()
        with connection, connection.makefile("rb") as lines:
            received.extend(iter(lines.readline, b"0\r\n"))
            connection.sendall(OK)

    def sleep(_: float) -> None:
        late.listen()
        threading.Thread(target=serve, daemon=True).start()

    with late, build_client(timeout=60, sleep=sleep) as client:
        url = f"http://127.0.0.1:{late.getsockname()[1]}/"
        assert client.post(url, content=iter([b"one", b"two"])).text == "ok"
    assert b"".join(received).endswith(b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n")


def test_request_that_was_sent_is_not_repeated(client: ProviderClient, echo: Echo) -> None:
    """A connection that breaks after the request was sent is a failure at once: the server may have acted."""
    echo.failures = [Answer(reset=True)]
    with pytest.raises(httpx.TransportError):
        client.post(echo.url, content=b"once")
    assert len(echo.requests) == 1


def test_cookies_are_not_kept(client: ProviderClient, echo: Echo) -> None:
    """A cookie that a server sets is neither stored nor sent back."""
    echo.always = Answer(headers={"Set-Cookie": "session=abc; Path=/"})
    client.get(echo.url)
    client.get(echo.url)
    assert "cookie" not in echo.requests[1].headers
    assert not list(client.cookies.jar)


def test_redirect_is_not_followed(client: ProviderClient, echo: Echo) -> None:
    """A redirect is an answer like any other."""
    echo.always = Answer(status=302, headers={"Location": f"{echo.url}/elsewhere"})
    assert client.get(echo.url).status_code == 302
    assert len(echo.requests) == 1


def test_requests_name_the_program_and_ask_for_plain_answers(client: ProviderClient, echo: Echo) -> None:
    """The server's log shows who called; answers are to come without compression."""
    client.get(echo.url)
    assert echo.requests[0].headers["user-agent"] == f"bouncehandler/{__version__}"
    assert echo.requests[0].headers["accept-encoding"] == "identity"


def test_certificate_of_the_named_authority_is_trusted() -> None:
    """With `ca_file` a server that has its certificate from that authority is spoken to."""
    with RawServer(answer_each, tls=True) as server, build_client(timeout=60, ca_file=str(CERTIFICATE)) as client:
        assert client.get(server.url).text == "ok"


def test_unknown_certificate_is_refused(client: ProviderClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `ca_file` a self-signed certificate is refused, even where the environment would have it trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with RawServer(answer_each, tls=True) as server, pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY"):
        client.get(server.url)


def test_certificate_for_another_host_is_refused() -> None:
    """A certificate that is trusted still has to be that of the host in the URL."""
    trusting = build_client(timeout=60, ca_file=str(CERTIFICATE))
    refusal = pytest.raises(httpx.ConnectError, match=r"127\.0\.0\.2")
    with RawServer(answer_each, host="127.0.0.2", tls=True) as server, trusting as client, refusal:
        client.get(server.url)


def test_proxy_of_the_environment_is_not_used(
    client: ProviderClient, echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the configuration decides where connections go."""
    with closed_port() as url:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, url)
        assert client.get(echo.url).status_code == 500


def test_configured_proxy_is_used(echo: Echo) -> None:
    """With `proxy` the request goes there, with the user name and password that its URL holds."""
    with build_client(timeout=60, proxy=echo.url.replace("://", "://user:word@")) as client:
        client.get("http://lists.example.test/api")
    assert echo.requests[0].target == "http://lists.example.test/api"
    assert echo.requests[0].headers["proxy-authorization"] == "Basic dXNlcjp3b3Jk"


@pytest.mark.parametrize(
    "url", ["ftp://user:hunter2hunter2@host", "http://user:hunter2hunter2@host:port", "hunter2hunter2", "http://"]
)
def test_proxy_that_can_not_be_used_is_an_error_at_once(url: str) -> None:
    """A wrong proxy is an error when the client is built, without the password."""
    with pytest.raises(ValueError, match="the proxy is not a URL") as caught:
        build_client(timeout=60, proxy=url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_ca_file_that_can_not_be_used_is_an_error_at_once(tmp_path: Path, content: str | None) -> None:
    """A missing, empty or damaged file of authorities is named when the client is built."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ValueError, match=f"{path} can't be used"):
        build_client(timeout=60, ca_file=str(path))

"""Each thread's last response, as the client keeps it."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from bouncehandler.http_client.client import ProviderClient, ResponseRefusedError, build_client
from tests.fakes.raw import Echo
from tests.fakes.server import Answer, closed_port


def test_last_answer_is_one_printable_line(client: ProviderClient, echo: Echo) -> None:
    """Status and beginning are kept, and nothing in them can break or paint over a log line."""
    echo.always = Answer(status=400, body="no\r\n such\x00 \x1b[31mlist\u202e \u2028here".encode() + b"\xff")
    client.get(echo.url)
    assert client.last_response() == "HTTP 400: no such [31mlist here\ufffd"


def test_last_answer_is_at_most_512_characters(client: ProviderClient, echo: Echo) -> None:
    """Of a long answer the beginning is kept."""
    echo.always = Answer(body=b"x" * 100_000)
    client.get(echo.url)
    assert client.last_response() == "HTTP 200: " + "x" * 502


def test_last_answer_is_forgotten_on_request(client: ProviderClient, echo: Echo) -> None:
    """Before any answer, and after forgetting, there is none; a call that fails does not bring an older one back."""
    assert client.last_response() == ""
    client.get(echo.url)
    assert client.last_response().startswith("HTTP 500")
    client.forget_response()
    with closed_port() as url, pytest.raises(httpx.ConnectError):
        client.get(url)
    assert client.last_response() == ""


def test_last_answer_is_each_threads_own(client: ProviderClient, echo: Echo) -> None:
    """Another thread's response is not mixed in."""
    client.post(echo.url, content=b"mine")
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(client.last_response).result() == ""
    assert client.last_response().endswith("mine")


def test_last_answer_is_kept_of_an_answer_that_was_refused(echo: Echo) -> None:
    """An answer that was cut off is shown by its beginning."""
    echo.always = Answer(status=200, body=b"<html>" * 1000)
    with build_client(timeout=60, max_response=100) as client:
        with pytest.raises(ResponseRefusedError):
            client.get(echo.url)
        assert client.last_response() == "HTTP 200"
    with build_client(timeout=60) as client:
        client.get(echo.url)
        assert client.last_response().startswith("HTTP 200: <html><html>")


def test_last_answer_holds_no_secret_of_the_request(client: ProviderClient, echo: Echo) -> None:
    """A server that repeats the request does not carry its credentials into what is kept."""
    client.get(
        echo.url,
        params={"access_token": "tokentokentoken", "EMAIL": "john@example.test"},
        headers={
            "Authorization": "Basic c2VjcmV0c2VjcmV0",
            "X-Api-Key": "keykeykeykey",
            "webhook-signature": "v1,aaaaaaaa v1,bbbbbbbb",
        },
    )
    kept = client.last_response()
    for secret in ("tokentokentoken", "c2VjcmV0c2VjcmV0", "keykeykeykey", "aaaaaaaa", "bbbbbbbb"):
        assert secret in echo.requests[0].target + str(echo.requests[0].headers)
        assert secret not in kept
    assert "john" in kept

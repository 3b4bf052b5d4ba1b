"""Secrets, whole addresses and forged lines are in no log, output or file, whatever providers answer."""

import json
from pathlib import Path

import pytest

from tests.acceptance.bounce_scenarios import AWKWARD, HOSTILE, SUPPRESSED, rows
from tests.acceptance.harness import Event, Program, bounce
from tests.fakes.interspire import FakeInterspire
from tests.fakes.mailwizz import API_KEY, FakeMailWizz
from tests.fakes.raw import Echo
from tests.fakes.server import Answer, FakeServer, Request
from tests.fakes.webhook import SECRET, FakeReceiver


def _webhook(server: FakeServer) -> Event:
    return {"type": "webhook", "url": f"{server.url}/hooks/email", "secret": SECRET}


@pytest.fixture(scope="module")
def careless(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """An installation with providers that refuse and repeat the request, fed with everything on and logged."""
    program = Program(tmp_path_factory.mktemp("careless"))
    with (
        Echo() as parrot,
        FakeMailWizz(api_key="another") as mailwizz,
        FakeInterspire() as interspire,
        FakeReceiver("whsec_" + "A" * 32) as receiver,
    ):
        token = {"username": "api", "token": interspire.token + "-wrong"}
        program.configure(
            None,
            parrot_old={
                "type": "mailwizz",
                "url": f"{parrot.url}/api",
                "public_key": "public-key-of-the-old-one",
                "private_key": "private-key-of-the-old-one",
            },
            parrot_shop={"type": "interspire", "url": f"{parrot.url}/xml.php", **token},
            parrot_crm=_webhook(parrot),
            news={"type": "mailwizz", "url": mailwizz.api_url, "api_key": API_KEY},
            shop={"type": "interspire", "url": interspire.endpoint, **token},
            crm=_webhook(receiver),
        )
        fed = [*rows(), bounce("torn", dsnDiag=HOSTILE)]
        program.feed(fed, "--debug", "--logfile", str(program.folder / "log.jsonl"))
        program.feed(fed)
        program.run("check")
        program.run("status")
    return program


def _outputs(program: Program) -> dict[str, str]:
    """Everything that was written, by file, but the configuration; binary files too."""
    files = [path for path in program.folder.rglob("*") if path.is_file() and path != program.config]
    return {path.name: path.read_bytes().decode("utf-8", "replace") for path in files}


def test_no_secret_is_written_anywhere(careless: Program) -> None:
    """No key, token or secret is in any log, output or file, even where a provider repeats it."""
    secrets = [
        API_KEY,
        "private-key-of-the-old-one",
        "t0ken&secret-wrong",
        "t0ken&amp;secret-wrong",
        SECRET,
        SECRET[6:],
    ]
    notices = {(name, secret) for name, text in _outputs(careless).items() for secret in secrets if secret in text}
    assert notices == set()


def test_addresses_are_masked_in_logs(careless: Program) -> None:
    """No whole address is in any log or output, whatever its source; recipients can still be distinguished a little."""
    output = {name: text for name, text in _outputs(careless).items() if name.startswith(("run", "log"))}
    whole = {
        (name, address)
        for name, text in output.items()
        for address in (*SUPPRESSED, "victim@example.com")
        if address in text
    }
    assert whole == set()
    assert "e***@example.com" in output["log.jsonl"]


def test_every_log_line_is_one_json_object(careless: Program) -> None:
    """Text of a remote server can't forge a line of the log."""
    lines = (careless.folder / "log.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["event"] for event in events].count("finished") == 1
    assert all(event["event"] and event["timestamp"] and event["level"] for event in events)


def test_addresses_are_shown_where_that_is_asked_for(tmp_path: Path) -> None:
    """`log.addresses = "plain"` writes them whole."""
    program = Program(tmp_path)
    with FakeReceiver() as receiver:
        program.configure({"log": {"addresses": "plain"}}, crm=_webhook(receiver))
        finished = program.feed([bounce(recipient) for recipient in AWKWARD])
        assert {event["recipient"] for event in finished.logged("unsubscribed")} == set(AWKWARD)


class _EchoingProxy(FakeServer):
    """A proxy with an error page that repeats a header of the request."""

    def respond(self, request: Request) -> Answer:
        """Refuse the call, and repeat the key."""
        return Answer(500, f"bad header x-api-key: {request.headers.get('x-api-key', '')}".encode())


@pytest.mark.parametrize("args", [(), ("check",)], ids=["run", "check"])
def test_a_key_that_an_error_page_repeats_is_not_written(tmp_path: Path, args: tuple[str, ...]) -> None:
    """The API key is in no log, output or file, even where a server in between repeats it in its error page."""
    program = Program(tmp_path)
    with _EchoingProxy() as parrot:
        program.configure(None, news={"type": "mailwizz", "url": f"{parrot.url}/api", "api_key": API_KEY})
        assert program.feed([bounce("jane@example.com")], *args).status == 75
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path != program.config]
    assert [path.name for path in files if API_KEY.encode() in path.read_bytes()] == []

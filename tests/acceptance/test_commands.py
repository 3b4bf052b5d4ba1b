"""`check` and `status`: findings, and what waits."""

from collections.abc import Iterator, Mapping

import pytest

from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.acceptance.harness import LONGEST, Program, bounce
from tests.acceptance.shell import alone, trail, with_dead_letters, without_privileges
from tests.fakes.mailwizz import FakeMailWizz
from tests.fakes.server import closed_port


@pytest.fixture
def server() -> Iterator[FakeMailWizz]:
    """A MailWizz."""
    with FakeMailWizz() as server:
        yield server


def mailwizz(url: str, api_key: str) -> Mapping[str, object]:
    """A provider at that URL."""
    return {"type": "mailwizz", "url": url, "api_key": api_key}


def test_check_when_all_is_well(program: Program, server: FakeMailWizz) -> None:
    """`check` proves each part on a line that begins with ok, changes nothing at the providers, and ends with 0."""
    program.configure(trail=trail(program.folder), news=mailwizz(server.api_url, server.api_key))
    program.config.chmod(0o600)
    finished = program.run("check")
    assert finished.status == 0, finished.stdout
    assert {line[:6] for line in finished.stdout.splitlines()} == {"ok    "}
    for words in (str(program.config), str(program.spool), "SQLite", "provider trail", "provider news"):
        assert words in finished.stdout
    assert finished.stderr == ""
    assert not (program.folder / "trail.jsonl").exists()
    assert all(request.method == "GET" for request in server.requests)


def test_check_names_the_file_that_the_environment_named(program: Program) -> None:
    """`check` names which configuration counts, wherever its name came from."""
    finished = alone(program.folder, "check", BOUNCEHANDLER_CONFIG=str(program.config))
    assert f"configuration: {program.config} is valid" in finished.stdout
    without = alone(program.folder, "check")
    assert "configuration: the default" in without.stdout
    assert "warn  providers: none is configured" in without.stdout
    assert without.status == 0


def test_check_when_credentials_are_refused(program: Program, server: FakeMailWizz) -> None:
    """A provider that refuses the credentials is a FAIL with the provider's words, and the exit status 78."""
    program.configure(trail=trail(program.folder), news=mailwizz(server.api_url, "not-the-right-key"))
    finished = program.run("check")
    assert finished.status == 78
    (line,) = (line for line in finished.stdout.splitlines() if line.startswith("FAIL"))
    assert "provider news" in line
    assert "Invalid API key" in line
    assert "not-the-right-key" not in finished.stdout
    assert "ok    provider trail" in finished.stdout


def test_check_when_a_provider_is_down(program: Program) -> None:
    """A provider that can't be reached now is no mistake in the configuration: 75."""
    with closed_port() as url:
        program.configure(trail=trail(program.folder), news=mailwizz(f"{url}/api", "any-key-at-all"))
        finished = program.run("check")
    assert finished.status == 75
    assert "wait  provider news: can't be reached now" in finished.stdout


def test_check_when_the_spool_is_wrong(program: Program) -> None:
    """A spool that can't be used is a FAIL, and the providers are checked all the same."""
    program.spool.write_bytes(b"noise" * 5000)
    finished = program.run("check")
    assert finished.status == 78
    assert f"FAIL  spool: the spool {program.spool}" in finished.stdout
    assert "ok    provider trail" in finished.stdout


@pytest.mark.parametrize("what", ["spool.db", "."], ids=["file", "folder"])
def test_check_when_the_spool_cannot_be_written(program: Program, what: str) -> None:
    """A spool that this user can read and not write is a FAIL: its file, or the folder for its journal."""
    program.run("status")
    place = program.folder / what
    mode = place.stat().st_mode
    place.chmod(mode & ~0o222)
    finished = without_privileges(program, "check")
    place.chmod(mode)
    assert finished.status == 78
    (line,) = [line for line in finished.stdout.splitlines() if line.startswith("FAIL  spool: ")]
    assert str(program.spool) in line
    assert "give this user the right" in line


def test_check_warns_of_a_configuration_that_every_user_may_read(program: Program) -> None:
    """A configuration with secrets that every user may read is a warning, with the command that mends it."""
    program.config.chmod(0o644)
    finished = program.run("check")
    assert finished.status == 0
    assert f"warn  configuration: every user may read {program.config}: chmod o-r" in finished.stdout


def test_check_warns_of_dispatches_that_no_process_will_carry_out(program: Program) -> None:
    """Dispatches of a provider that was renamed, and a provider that is held, are reported."""
    program.feed([bounce("jane@example.com")], "--no-dispatch")
    spool = SqliteSpool.open(program.spool)
    spool.hold("renamed", "HTTP 401\x1b[2J", probe_in=300)
    spool.close()
    program.configure(renamed=trail(program.folder))
    finished = program.run("check")
    assert finished.status == 0
    assert "warn  spool: 1 dispatches wait for trail, which is no longer configured" in finished.stdout
    assert "warn  spool: renamed is held" in finished.stdout
    assert "\x1b" not in finished.stdout


def test_status_of_a_new_spool(program: Program) -> None:
    """Before the first bounce everything is 0, and nothing waits."""
    none = {"pending": 0, "claimed": 0, "held": 0, "done": 0, "dead": 0}
    status = program.status()
    assert status["suppressions"] == 0
    assert status["dispatches"] == none
    assert status["providers"] == {"trail": {**none, "state": "ok", "reason": None}}
    assert status["oldest_pending_seconds"] is None
    assert program.run("status").stdout.splitlines() == [
        "0 suppressions",
        "trail  0 pending, 0 claimed, 0 held, 0 done, 0 dead",
    ]


def test_status_counts(program: Program) -> None:
    """`status --json` counts suppressions, and dispatches by state and provider, and has how long one has waited."""
    with_dead_letters(program, "dead@example.com")
    program.feed([bounce("jane@example.com"), bounce("joe@example.com")], "--no-dispatch")
    status = program.status()
    counts = {"pending": 2, "claimed": 0, "held": 0, "done": 0, "dead": 1}
    assert status["suppressions"] == 3
    assert status["dispatches"] == counts
    assert status["providers"]["trail"] == {**counts, "state": "ok", "reason": None}
    assert 0 <= status["oldest_pending_seconds"] < LONGEST
    assert 0 <= status["last_recorded_seconds"] < LONGEST
    output = program.run("status").stdout
    assert "3 suppressions, the last recorded" in output
    assert "2 pending" in output
    assert "the oldest dispatch that waits was recorded" in output


def test_status_of_a_held_provider(program: Program, server: FakeMailWizz) -> None:
    """A held provider is reported with the reason; its dispatches are pending, not lost."""
    program.configure(news=mailwizz(server.api_url, "not-the-right-key"))
    assert program.feed([bounce("jane@example.com")]).status == 75
    provider = program.status()["providers"]["news"]
    assert (provider["state"], provider["pending"], provider["dead"]) == ("held", 1, 0)
    assert "Invalid API key" in provider["reason"]
    assert "held since" in program.run("status").stdout

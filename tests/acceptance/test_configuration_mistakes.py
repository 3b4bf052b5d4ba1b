"""Mistakes in the configuration and on the command line: one sentence, and an exit status of its own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.acceptance.harness import Finished, Program, bounce
from tests.acceptance.shell import alone, unstarted, without_privileges

HIDDEN = "sesame-open-sesame"
"""A secret of every example that has one."""
ROW = b"type,orig,rcpt,bounceCat,dsnStatus\nb,,jane@example.com,bad-mailbox,5.1.1\n"
WEBHOOK = '[providers.crm]\ntype = "webhook"\nurl = "https://crm.example.com/hook"\n'


@dataclass(frozen=True)
class Mistake:
    """A mistake in the configuration, and the words that its error must have."""

    written: str
    words: tuple[str, ...]


FILES = {
    "unknown table": Mistake('[spol]\nurl = "sqlite:////tmp/x.db"', ("spol", "not a known key", "did you mean spool?")),
    "unknown key": Mistake('[spool]\nulr = "sqlite:////tmp/x.db"', ("spool.ulr", "did you mean url?")),
    "not TOML": Mistake("[dispatch\n", ("line 1", "column 10", "Expected ']'")),
    "no quotes": Mistake("[providers.crm]\ntype = webhook\n", ("line 2", "text belongs in quotes")),
    "wrong value": Mistake('[policy.bounce]\nbad-mailbox = "supress"\n', ("policy.bounce.bad-mailbox", '"suppress"')),
    "no unit": Mistake("[dispatch]\ngrace = 10\n", ("dispatch.grace", 'such as "10s"')),
    "another spool": Mistake(f'[spool]\nurl = "postgresql://u:{HIDDEN}@h/db"\n', ("spool.url", "sqlite:////var/lib")),
    "no type": Mistake("[providers.crm]\nrate = '5/s'\n", ("providers.crm.type", "is missing")),
    "unknown type": Mistake('[providers.crm]\ntype = "web-hook"\n', ("providers.crm.type", "did you mean webhook?")),
    "missing secret": Mistake(WEBHOOK, ("providers.crm.secret", "is missing", "secret_file")),
    "wrong secret": Mistake(f'{WEBHOOK}secret = "{HIDDEN}"\n', ("providers.crm.secret", "whsec_")),
    "missing secret file": Mistake(f'{WEBHOOK}secret_file = "no-such"\n', ("secret_file", "no-such", "No such file")),
    "bad URL": Mistake(
        f'[providers.n]\ntype = "mailwizz"\nurl = "lists.example.com/api"\napi_key = "{HIDDEN}"\n',
        ("providers.n.url", "https://host/path"),
    ),
    "half a key": Mistake(
        f'[providers.n]\ntype = "mailwizz"\nurl = "https://l.example/api"\npublic_key = "{HIDDEN}"\n',
        ("providers.n", "api_key", "private_key"),
    ),
}
"""Mistakes in the file."""


def ran(folder: Path, *args: str, environ: Mapping[str, str] | None = None) -> Finished:
    """The program on one bounce, with nothing in its environment but these variables and a home."""
    return unstarted(folder, *args, stdin=ROW, **(environ or {}))


def assert_one_sentence(finished: Finished, status: int, *words: str) -> None:
    """It ended with the status; on stderr is one sentence with these words, and no secret."""
    assert finished.status == status, finished.stderr
    assert finished.stdout == ""
    assert finished.stderr.startswith("bouncehandler: ")
    assert finished.stderr.count("\n") == 1
    for word in words:
        assert word in finished.stderr
    assert "Traceback" not in finished.stderr
    assert HIDDEN not in finished.stderr


def test_mistake_at_a_start(tmp_path: Path) -> None:
    """A start that comes to nothing ends as the tests below state of processes that are spared theirs."""
    file = tmp_path / "bouncehandler.toml"
    file.write_text(FILES["unknown key"].written)
    finished = alone(tmp_path, "--config", str(file), stdin=ROW)
    assert_one_sentence(finished, 78, *FILES["unknown key"].words)
    assert finished == ran(tmp_path, "--config", str(file))


@pytest.mark.parametrize("mistake", FILES.values(), ids=FILES.keys())
def test_mistake_in_the_file(tmp_path: Path, mistake: Mistake) -> None:
    """A mistake in the file ends the program with 78 and one sentence that names the key and what to write."""
    file = tmp_path / "bouncehandler.toml"
    file.write_text(mistake.written)
    assert_one_sentence(ran(tmp_path, "--config", str(file)), 78, *mistake.words)


def test_several_mistakes(tmp_path: Path) -> None:
    """Every mistake in the file is reported, in a line each."""
    file = tmp_path / "bouncehandler.toml"
    file.write_text('[spool]\nulr = "x"\n[log]\nlevel = "loud"\n[dispatch]\nprobe_every = "soon"\n')
    finished = ran(tmp_path, "--config", str(file))
    assert finished.status == 78
    assert [line.split(": ")[0] for line in finished.stderr.splitlines()] == ["bouncehandler"] * 3
    assert all(key in finished.stderr for key in ("spool.ulr", "log.level", "dispatch.probe_every"))


def test_file_that_is_not_there(tmp_path: Path) -> None:
    """A configuration that was named and can't be read is reported with its path, and with who named it."""
    missing, folder = str(tmp_path / "none.toml"), str(tmp_path)
    assert_one_sentence(ran(tmp_path, "--config", missing), 78, missing, "No such file")
    assert_one_sentence(ran(tmp_path, "status", "--config", folder), 78, folder, "Is a directory")
    by_variable = ran(tmp_path, environ={"BOUNCEHANDLER_CONFIG": missing})
    assert_one_sentence(by_variable, 78, missing, "named by BOUNCEHANDLER_CONFIG")


def test_file_that_may_not_be_read(tmp_path: Path) -> None:
    """A configuration that this user may not read is reported with its path, and is not taken for an absent one."""
    program = Program(tmp_path)
    program.config.chmod(0)
    assert_one_sentence(without_privileges(program), 78, str(program.config), "Permission denied")


def test_file_that_is_not_text(tmp_path: Path) -> None:
    """A configuration in another encoding is reported with the line."""
    file = tmp_path / "bouncehandler.toml"
    file.write_bytes("[log]\n# Größe\n".encode("latin-1"))
    assert_one_sentence(ran(tmp_path, "--config", str(file)), 78, "line 2", "UTF-8")


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ("BOUNCEHANDLER_SPOL__URL", ("spol", "did you mean spool?")),
        ("BOUNCEHANDLER_DISPATCH__GRACES", ("dispatch.graces", "did you mean grace?")),
        ("BOUNCEHANDLER_PROVIDERS", ("providers", "must be a table")),
    ],
)
def test_mistake_in_the_environment(tmp_path: Path, variable: str, words: tuple[str, ...]) -> None:
    """An unknown variable is an error that names it and the nearest key, but not its value."""
    assert_one_sentence(ran(tmp_path, environ={variable: HIDDEN}), 78, variable, *words)


def test_secret_from_the_environment_is_not_repeated(tmp_path: Path) -> None:
    """A wrong secret that came from the environment is reported by its key alone."""
    notices = {"TYPE": "webhook", "URL": "https://crm.example.com", "SECRET": HIDDEN}
    environ = {f"BOUNCEHANDLER_PROVIDERS__CRM__{key}": value for key, value in notices.items()}
    assert_one_sentence(ran(tmp_path, environ=environ), 78, "providers.crm.secret", "whsec_")


def spool_at(tmp_path: Path, place: str) -> tuple[str, str]:
    """Options for a configuration with the spool at this place."""
    file = tmp_path / "bouncehandler.toml"
    file.write_text(f'[spool]\nurl = "sqlite:///{place}"\n')
    return "--config", str(file)


def test_spool_in_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A spool in a folder that can't be made is reported with its path; nothing is read from the pipe."""
    options = spool_at(tmp_path, "/proc/bouncehandler/spool.db")
    assert_one_sentence(ran(tmp_path, *options), 78, "/proc/bouncehandler/spool.db", "can't be created", "rights")


def test_spool_in_a_folder_of_another_user(tmp_path: Path) -> None:
    """A spool in a folder that this user may not write is reported with its path."""
    program = Program(tmp_path)
    program.spool.parent.chmod(0o500)
    finished = without_privileges(program)
    program.spool.parent.chmod(0o700)
    assert_one_sentence(finished, 78, str(program.spool), "Permission denied", "rights")


def test_spool_below_a_file(tmp_path: Path) -> None:
    """A spool below a file is reported with its path."""
    (tmp_path / "file").write_text("")
    assert_one_sentence(ran(tmp_path, *spool_at(tmp_path, f"{tmp_path}/file/spool.db")), 78, "file/spool.db", "path")


def test_spool_that_is_a_folder(tmp_path: Path) -> None:
    """A spool that is a folder is reported with its path."""
    (tmp_path / "folder").mkdir()
    assert_one_sentence(ran(tmp_path, *spool_at(tmp_path, f"{tmp_path}/folder")), 78, f"{tmp_path}/folder", "path")


def test_spool_that_is_something_else(tmp_path: Path) -> None:
    """A file that is no database is reported, and left as it is."""
    noise = tmp_path / "noise"
    noise.write_bytes(bytes(range(256)) * 100)
    assert_one_sentence(ran(tmp_path, *spool_at(tmp_path, str(noise))), 78, str(noise), "name another file")
    assert noise.read_bytes() == bytes(range(256)) * 100


def test_no_home_and_no_spool(tmp_path: Path) -> None:
    """Where there is no home for the default spool, the program asks for one."""
    assert_one_sentence(ran(tmp_path, environ={"HOME": ""}), 78, "spool.url", "such as sqlite:////")


def test_mistakes_reach_the_log_file(tmp_path: Path) -> None:
    """A mistake that prevents the start is in the log file, too, since stderr is lost in PowerMTA's pipe."""
    logfile = tmp_path / "bounces.log"
    file = tmp_path / "bouncehandler.toml"
    options = ("--logfile", str(logfile), "--config", str(file))
    file.write_text('[spool]\nulr = "x"\n')
    assert_one_sentence(ran(tmp_path, *options), 78, "spool.ulr")
    spool_at(tmp_path, "/proc/bouncehandler/spool.db")
    assert_one_sentence(ran(tmp_path, *options), 78, "/proc/bouncehandler")
    first, second = map(json.loads, logfile.read_text().splitlines())
    assert [first["event"], first["exit_status"], second["event"], second["exit_status"]] == [
        "failed",
        78,
        "failed",
        78,
    ]
    assert "spool.ulr" in first["reason"]
    assert "/proc/bouncehandler" in second["reason"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--no-such-option",), ("--no-such-option",)),
        (("no-such-command",), ("no-such-command",)),
        (("--config",), ("--config", "argument")),
        (("check", "more"), ("more",)),
        (("--dry-run", "status"), ("--dry-run", "bare command")),
        (("status", "--no-dispatch"), ("--no-dispatch",)),
        (("suppressions", "--format", "xml"), ("--format", "jsonl")),
        (("suppressions", "--since", "yesterday"), ("--since", "2026-01-31", "7d")),
        (("suppressions", "--limit", "0"), ("--limit",)),
        (("suppressions", "--reason", "bounces"), ("--reason", "bounce")),
        (("suppressions", "--recipient", "example.com"), ("--recipient", "not an address")),
        (("suppressions", "--domain", "exam ple"), ("--domain", "not a domain")),
        (("dead-letters", "retry"), ("--all", "id")),
        (("dead-letters", "drop", "1", "--all"), ("--all", "id")),
        (("dead-letters", "retry", "1", "--provider", "crm"), ("--all",)),
        (("dead-letters", "retry", "one"), ("one",)),
    ],
    ids=" ".join,
)
def test_wrong_usage(tmp_path: Path, args: tuple[str, ...], words: tuple[str, ...]) -> None:
    """A wrong command line ends the program with 64 and a sentence that points to the help."""
    assert_one_sentence(ran(tmp_path, *args), 64, *words, "--help")
    assert not (tmp_path / ".local").exists()


def test_input_as_an_argument(tmp_path: Path) -> None:
    """An input that is named as an argument gets a hint how to pass it."""
    (tmp_path / "bounce.csv").write_text("type,rcpt\n")
    assert_one_sentence(ran(tmp_path, f"{tmp_path}/bounce.csv"), 64, f"bouncehandler < {tmp_path}/bounce.csv")


def with_a_bug(folder: Path) -> dict[str, str]:
    """An environment in which policy fails at every record, as nothing but a bug can make it."""
    (folder / "sitecustomize.py").write_text(
        "from bouncehandler.policy import Policy\n"
        "def fail(self, bounces):\n    return {}[0]\n"
        "Policy.decide_batch = fail\n"
    )
    return {"PYTHONPATH": str(folder)}


def without_log(finished: Finished) -> Finished:
    """The same without the log lines on stderr."""
    return replace(finished, stderr="".join(f"{line}\n" for line in finished.sentences))


def test_bug(tmp_path: Path) -> None:
    """A bug ends the program with 70 and a sentence; --debug adds the traceback, and so does the log file."""
    environ = with_a_bug(tmp_path)
    unlogged = without_log(alone(tmp_path, stdin=ROW, **environ))
    assert_one_sentence(unlogged, 70, "this is a bug (KeyError)", "--debug")
    debugged = alone(tmp_path, "--debug", stdin=ROW, **environ)
    assert debugged.status == 70
    assert "Traceback (most recent call last)" in debugged.stderr
    assert_one_sentence(alone(tmp_path, "--logfile", f"{tmp_path}/log", stdin=ROW, **environ), 70, "this is a bug")
    started, entry = map(json.loads, (tmp_path / "log").read_text().splitlines())
    assert (started["event"], entry["event"]) == ("started", "internal_error")
    assert "KeyError" in entry["exception"]


def test_work_without_providers(tmp_path: Path) -> None:
    """`work` without a provider fails at once, instead of waiting for ever."""
    assert_one_sentence(ran(tmp_path, "work"), 78, "no provider is configured", "[providers.NAME]")


def test_pipe_that_only_fills_the_spool_needs_no_provider_to_be_right(tmp_path: Path) -> None:
    """With --no-dispatch a mistake in a provider's own keys loses no bounce; `check` reports it."""
    program = Program(tmp_path)
    program.configure(crm={"type": "webhook", "url": "https://crm.example.com/hook"})
    assert program.feed([bounce("jane@example.com")], "--no-dispatch").status == 0
    assert [found["recipient"] for found in program.suppressions()] == ["jane@example.com"]
    assert program.run("check").status == 78

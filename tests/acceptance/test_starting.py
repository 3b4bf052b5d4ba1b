"""How the program is started: its help, where options stand, and where its configuration comes from."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from bouncehandler import __version__
from tests.acceptance.harness import LONGEST, MODULE, SCRIPT, Program, accounting, bounce
from tests.acceptance.shell import alone, with_dead_letters


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("check",),
        ("pmta-config",),
        ("work",),
        ("ingest",),
        ("status",),
        ("report",),
        ("metrics",),
        ("suppressions",),
        ("explain",),
        ("classify",),
        ("replay",),
        ("holds",),
        ("holds", "list"),
        ("holds", "show"),
        ("holds", "release"),
        ("holds", "discard"),
        ("undo",),
        ("forget",),
        ("dead-letters",),
        ("dead-letters", "list"),
        ("dead-letters", "retry"),
        ("dead-letters", "drop"),
        ("spool",),
        ("unsubscribe",),
        ("unsubscribe-address",),
        ("import-php",),
        ("completion",),
    ],
    ids=" ".join,
)
def test_help(tmp_path: Path, args: tuple[str, ...]) -> None:
    """Every command explains itself, to the letter the same with -h, without looking at the configuration."""
    wrong = str(tmp_path / "none.toml")
    finished, short = alone(tmp_path, *args, "--help", BOUNCEHANDLER_CONFIG=wrong), Program(tmp_path).run(*args, "-h")
    assert (finished.status, finished.stderr) == (0, "")
    assert finished.stdout == short.stdout
    assert finished.stdout.startswith(" ".join(["Usage: bouncehandler", *args]))
    assert "--config FILE" in finished.stdout
    assert "\\b" not in finished.stdout


def test_version(tmp_path: Path) -> None:
    """`--version` prints the version and nothing else, by either way of starting the program."""
    assert alone(tmp_path, "--version").stdout == f"bouncehandler, version {__version__}\n"
    assert Program(tmp_path, MODULE).run("--version").stdout == Program(tmp_path, SCRIPT).run("--version").stdout


def test_options_before_and_after_the_command(program: Program) -> None:
    """--config, --logfile and --debug are understood on both sides of a command's name; the nearer one holds."""
    config, other = str(program.config), str(program.folder / "other.toml")
    Path(other).write_text(f'[spool]\nurl = "sqlite:///{program.folder}/other.db"\n')
    with_dead_letters(program, "jane@example.com")
    for args in (
        ("--config", config, "dead-letters", "list", "--format", "jsonl"),
        ("dead-letters", "--config", config, "list", "--format", "jsonl"),
        ("dead-letters", "list", "--format", "jsonl", "--config", config),
        ("--config", other, "dead-letters", "list", "--format", "jsonl", "--config", config),
    ):
        finished = alone(program.folder, *args)
        assert json.loads(finished.stdout)["recipient"] == "jane@example.com", args


def test_option_goes_before_the_variable(program: Program) -> None:
    """--config goes before $BOUNCEHANDLER_CONFIG."""
    program.feed([bounce("jane@example.com")])
    wrong = str(program.folder / "none.toml")
    finished = alone(program.folder, "--config", str(program.config), "status", BOUNCEHANDLER_CONFIG=wrong)
    assert finished.status == 0
    assert finished.stdout.startswith("1 suppression,")


def test_configuration_from_the_environment_alone(tmp_path: Path) -> None:
    """Spool and providers can come from the environment without any file."""
    environ = {
        "BOUNCEHANDLER_SPOOL__URL": f"sqlite:///{tmp_path}/of-env.db",
        "BOUNCEHANDLER_PROVIDERS__TRAIL__TYPE": "file",
        "BOUNCEHANDLER_PROVIDERS__TRAIL__PATH": str(tmp_path / "trail.jsonl"),
        "BOUNCEHANDLER_POLICY__BOUNCE__SITE_SPECIAL": "suppress",
    }
    rows = [bounce("jane@example.com"), bounce("joe@example.com", "site-special")]
    finished = alone(tmp_path, stdin=accounting(rows), **environ)
    assert finished.status == 0, finished.stderr
    assert finished.finished["providers"]["trail"]["done"] == 2
    assert (tmp_path / "of-env.db").exists()
    assert not (tmp_path / ".local").exists()


def test_no_configuration_at_all(tmp_path: Path) -> None:
    """Without any configuration suppressions are recorded in the user's state folder, and no provider is called."""
    finished = alone(tmp_path, stdin=accounting([bounce("jane@example.com")]))
    assert finished.status == 0, finished.stderr
    assert finished.finished["suppressed"] == 1
    assert finished.finished["providers"] == {}
    spool = tmp_path / ".local" / "state" / "bouncehandler" / "spool.db"
    assert spool.stat().st_mode & 0o777 == 0o600
    assert spool.parent.stat().st_mode & 0o777 == 0o700
    status = alone(tmp_path, "status")
    assert "1 suppression," in status.stdout
    assert "nothing is dispatched" in status.stdout
    elsewhere = tmp_path / "state"
    assert alone(tmp_path, "status", "--json", XDG_STATE_HOME=str(elsewhere)).status == 0
    assert (elsewhere / "bouncehandler" / "spool.db").exists()


def test_both_ways_to_start_it(tmp_path: Path) -> None:
    """`python -m bouncehandler` and `bouncehandler` do the same with the same input."""
    own, output = {"timestamp", "pid", "configuration", "spool"}, []
    for name, program in (("module", MODULE), ("script", SCRIPT)):
        (tmp_path / name).mkdir()
        finished = Program(tmp_path / name, program).feed([bounce("jane@example.com"), bounce("x")])
        output.append([{k: v for k, v in event.items() if k not in own} for event in finished.events])
        assert finished.status == 0
    assert output[0] == output[1]


_NEVER = {"asyncio", "dotenv", "rich.console", "structlog.tracebacks", "pydantic_settings.sources.providers.cli"}
"""Parts of libraries that no command uses, or not before it draws something."""
_LATER = {"zipfile", "tempfile", "tokenize", "idna", "statistics", "jinja2", "smtplib", "difflib"}
"""Libraries for a report, for a mistake, and so on."""
_OWN_LATER = {
    "bouncehandler.settings.classification_rules",
    "bouncehandler.spool.sqlite.backup",
    "bouncehandler.unsubscribe.auto_reply",
}
_OF_CALLS = {
    "httpx",
    "httpcore",
    "tenacity",
    "email",
    "importlib.metadata",
    "bouncehandler.ingest",
    "bouncehandler.dispatcher",
}


def _imported(program: Program, args: Sequence[str]) -> set[str]:
    """The modules that a command imports for an input of a header alone."""
    command = [MODULE[0], "-X", "importtime", *MODULE[1:], "--config", str(program.config), *args]
    finished = subprocess.run(
        command,
        input=accounting([]),
        capture_output=True,
        env={"HOME": str(program.folder)},
        cwd=program.folder,
        timeout=LONGEST,
        check=True,
    )
    lines = finished.stderr.decode().splitlines()
    return {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}


@pytest.mark.parametrize(("args", "more"), [((), set()), (("status",), _OF_CALLS)], ids=["run", "status"])
def test_a_start_imports_nothing_that_comes_later(program: Program, args: Sequence[str], more: set[str]) -> None:
    """Libraries, and modules of the program, that a start does not need are imported when they are needed."""
    program.configure({}, hook={"type": "webhook", "url": "http://127.0.0.1:9/", "secret": f"whsec_{'A' * 32}"})
    imported = _imported(program, args)
    assert {"pydantic_settings", "structlog", "click"} <= imported
    assert imported & (_NEVER | _LATER | _OWN_LATER | more) == set()

"""The README can't lie: its help text, configurations, commands and adapter are run here."""

import os
import re
import shlex
import subprocess
import sys
import textwrap
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from bouncehandler import plugins
from bouncehandler.cli import exits
from bouncehandler.pmta_config import Installation, generate_blocks
from bouncehandler.settings import load

_ROOT = Path(__file__).resolve().parents[2]
_README = (_ROOT / "README.md").read_text()
_BLOCKS = [
    (kind, textwrap.dedent(text))
    for kind, text in re.findall(r"^ *```(\w*)\n(.*?)^ *```$", _README, re.MULTILINE | re.DOTALL)
]
_TOML = [text for kind, text in _BLOCKS if kind == "toml"]
_COMMANDS = [
    line.partition("#")[0].strip()
    for kind, text in _BLOCKS
    if kind == "sh"
    for line in text.splitlines()
    if re.match(r"(?:cat \S+ \| )?bouncehandler\b", line)
]


def _run(command: list[str], home: Path, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BOUNCEHANDLER_")}
    environ |= {"HOME": str(home), "XDG_STATE_HOME": str(home)}
    environ["BOUNCEHANDLER_UNSUBSCRIBE"] = '[{"domain": "u.example.com", "secret": "0123456789abcdef"}]'
    return subprocess.run(
        [sys.executable, "-m", "bouncehandler", *command],
        input=given,
        capture_output=True,
        env=environ,
        cwd=home,
        timeout=60,
        check=False,
    )


def test_the_help_text_is_the_programs(tmp_path: Path) -> None:
    """The README shows `bouncehandler --help` as it is."""
    shown = _run(["--help"], tmp_path).stdout.decode()
    assert any(text == shown for kind, text in _BLOCKS if not kind)


def test_the_adapter_is_the_file_adapter() -> None:
    """The whole example adapter is the one that ships, to the letter."""
    assert [text for kind, text in _BLOCKS if kind == "python"] == [(_ROOT / "providers" / "file.py").read_text()]


@pytest.mark.parametrize("text", [text for text in _TOML if "project.entry-points" not in text])
def test_every_configuration_loads(text: str, tmp_path: Path) -> None:
    """Each sample configuration is valid, down to what its adapters want."""
    for name in ("news.key", "shop.token"):
        (tmp_path / name).write_text("0123456789abcdef0123456789abcdef01234567\n")
    file = tmp_path / "bouncehandler.toml"
    file.write_text(text.replace("/etc/bouncehandler", str(tmp_path)))
    settings = load(file, {"HOME": str(tmp_path)})
    for name, section in settings.providers.items():
        plugins.settings_for(name, section)


def test_the_entry_point_group_is_the_one_that_is_searched() -> None:
    """The plug-in's registration in the README names the group that the program looks in."""
    (text,) = [text for text in _TOML if "project.entry-points" in text]
    assert list(tomllib.loads(text)["project"]["entry-points"]) == [plugins.GROUP]


def test_there_are_commands_to_run() -> None:
    """The parametrised test below has something to do."""
    assert len(_COMMANDS) >= 8


@pytest.mark.parametrize("command", _COMMANDS)
def test_every_command_runs(command: str, tmp_path: Path) -> None:
    """Each command of the README does what it says, on an installation of its own."""
    words = shlex.split(re.split("[<>]", command.partition("|")[2] or command)[0])[1:]
    if words[:1] == ["spool"]:  # which does not make one
        assert _run([], tmp_path, given=b"email\njane@example.com\n").returncode == 0
    if "--watch" in words:  # which goes on until it is stopped
        words += ["--help"]
    for before, name in pairwise(words):  # files that an operator has
        if name.endswith(".php"):
            (tmp_path / name).write_text("<?php $bounceCategories = array('bad-mailbox');")
        elif name.endswith((".csv", ".toml")) and before != "--output":
            (tmp_path / name).write_bytes(b"email\njohn@example.com\n" if name.endswith(".csv") else b"")
    finished = _run(words, tmp_path, given=b"email\njohn@example.com\n")
    assert finished.returncode == 0, finished.stderr


def test_the_exit_statuses_are_the_programs() -> None:
    """The table of exit statuses lists exactly those that the program has."""
    table = {int(number) for number in re.findall(r"^\| (\d+) \|", _README, re.MULTILINE)}
    assert table == {value for name, value in vars(exits).items() if name.isupper() and isinstance(value, int)}


def test_the_makefile_has_the_two_commands() -> None:
    """`make demo` and `make test` are there."""
    makefile = (_ROOT / "Makefile").read_text()
    assert {"demo", "test"} <= set(re.findall(r"^(\w+):", makefile, re.MULTILINE))


def test_the_blocks_for_powermta_are_those_that_are_printed() -> None:
    """What the README shows for PowerMTA is what `pmta-config` prints."""
    site = Installation("/opt/bouncehandler/bin/bouncehandler", domains=("fbl-unsub.example.com",))
    printed = generate_blocks(site)
    shown = [text for kind, text in _BLOCKS if not kind and re.match(r"<acct-file|relay-domain", text)]
    acting = [text for text in shown if "--dry-run" not in text]
    assert len(acting) == 4
    assert [text for text in acting if text not in printed] == []

"""The examples in the help run, and shells complete what the program knows."""

import json
import os
import pty
import re
import select
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bouncehandler.cli.help_examples import EXAMPLES
from tests.acceptance.harness import LONGEST, SCRIPT, Program, bounce
from tests.acceptance.shell import alone, with_dead_letters, with_trail

_LINES = [line for lines in EXAMPLES.values() for line in lines if line.startswith("bouncehandler ")]
_NOT_RUN = re.compile("bouncehandler (work|ingest|unsubscribe --|check --(pmta|send))")
_RUN = [line for line in _LINES if not _NOT_RUN.match(line)]

_ALL = """
import json, os, sys
import bouncehandler.cli.session, bouncehandler.settings.loading
import bouncehandler.runtime.build_dispatcher, bouncehandler.runtime.dry_run
from bouncehandler.cli.app import main
statuses = []
for at, (argv, given) in enumerate(json.load(sys.stdin)):
    child = os.fork()
    if not child:
        os.dup2(os.open(given, os.O_RDONLY), 0)
        os.dup2(os.open(f"example{at}", os.O_WRONLY | os.O_CREAT), 1)
        os.dup2(1, 2)
        status = main(argv)
        sys.stdout.flush()
        os._exit(status)
    statuses.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps(statuses))
"""
"""Runs many commands with one start of Python."""


def test_every_example_runs(tmp_path: Path) -> None:
    """Each example of the help does what it is for, in an installation that has what it names."""
    program = with_trail(tmp_path)
    unsubscribe = '\n[[unsubscribe]]\ndomain = "u.example.com"\nsecret = "0123456789abcdef"\n'
    program.config.write_text(program.config.read_text() + unsubscribe)
    program.feed([bounce("john@example.com")])
    with_dead_letters(program, "jane@example.com")
    (tmp_path / "new.toml").write_bytes(program.config.read_bytes())
    (tmp_path / "setup.php").write_text("<?php $bounceCategories = array('bad-mailbox');")
    for name in ("bounces.csv", "bounces-1.csv", "bounces-2.csv"):
        (tmp_path / name).write_text("email\njim@example.com\n")
    finished = together(tmp_path, [_words(line) for line in _RUN], str(program.config))
    assert not {line: output for line, (status, output) in zip(_RUN, finished, strict=True) if status}


def together(folder: Path, commands: Sequence[tuple[Sequence[str], str]], config: str = "") -> list[tuple[int, str]]:
    """The exit status of each command, and all its output; with each comes the file that is its standard input."""
    ran = subprocess.run(
        [sys.executable, "-c", _ALL],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "BOUNCEHANDLER_CONFIG": config},
        timeout=LONGEST,
        check=True,
    )
    return [(status, (folder / f"example{at}").read_text()) for at, status in enumerate(json.loads(ran.stdout))]


def _words(line: str) -> tuple[list[str], str]:
    """The arguments, and the file that becomes standard input; what would go on for ever is asked for its help."""
    command, _, given = line.partition(" < ")
    words = shlex.split(command.partition(" > ")[0])[1:]
    return words + ["--help"] * ("--watch" in words), given or os.devnull


def test_examples_that_are_not_run(tmp_path: Path) -> None:
    """What goes on until it is stopped, or wants a mail, PowerMTA or a real person, is understood at least."""
    others = [line for line in _LINES if line not in _RUN]
    finished = together(tmp_path, [([*shlex.split(line)[1:], "--help"], os.devnull) for line in others])
    assert [status for status, _ in finished] == [0] * len(others)


def test_every_command_shows_examples(tmp_path: Path) -> None:
    """The help of each command ends with its examples, and so does that of a command within a group."""
    asked = [[], *([name] for name in EXAMPLES), ["holds", "release"]]
    (_, listed), *shown, (_, inner) = together(tmp_path, [([*words, "--help"], os.devnull) for words in asked])
    for (_, text), lines in zip(shown, EXAMPLES.values(), strict=True):
        assert "\n  Examples:\n" + "".join(f"    {line}\n" for line in lines) in text
    assert "Examples:\n    bouncehandler holds release 1 --yes\n" in inner
    commands = listed.partition("Commands:\n")[2].partition("\n\n")[0]
    assert set(re.findall(r"^  (\S+)", commands, re.MULTILINE)) == EXAMPLES.keys()


def typed(folder: Path, line: str, until: str) -> str:
    """What a bash on a terminal shows when a person types this line, and presses the tabulator."""
    child, ours = pty.fork()
    if not child:
        os.chdir(folder)
        environ = {"PATH": f"{Path(SCRIPT[0]).parent}:{os.environ['PATH']}", "HOME": str(folder), "TERM": "dumb"}
        os.execve("/bin/bash", ["bash", "--norc", "--noprofile", "-i"], environ)  # noqa: S606  # the shell is what is tried
    os.write(ours, b'eval "$(bouncehandler completion bash)"; echo re""ady\n')
    shown = _read(ours, "\nready")
    os.write(ours, line.encode() + b"\t\t")
    shown = _read(ours, until)
    os.close(ours)
    os.waitpid(child, 0)
    return shown


def _read(ours: int, until: str) -> str:
    shown = ""
    while until not in shown:
        assert select.select([ours], [], [], LONGEST)[0], shown
        shown += os.read(ours, 65536).decode()
    return shown


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("bouncehandler sta", "bouncehandler status"),
        ("bouncehandler dead-letters dro", "drop"),
        ("bouncehandler undo --dr", "--dry-run"),
        ("bouncehandler --color ne", "never"),
    ],
)
def test_bash_completes(tmp_path: Path, line: str, completed: str) -> None:
    """In a real bash the tabulator completes commands, commands of commands, options and their values."""
    assert completed in typed(tmp_path, line, completed)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_are_answered(tmp_path: Path, shell: str) -> None:
    """What zsh and fish are given names the program, and the program answers them."""
    script = alone(tmp_path, "completion", shell)
    assert script.status == 0
    assert f"_BOUNCEHANDLER_COMPLETE={shell}_complete" in script.stdout
    answered = alone(
        tmp_path,
        _BOUNCEHANDLER_COMPLETE=f"{shell}_complete",
        COMP_WORDS="bouncehandler sta",
        COMP_CWORD="1" if shell == "zsh" else "sta",
    )
    assert "status" in answered.stdout
    assert answered.status == 0


def test_unknown_shell(tmp_path: Path) -> None:
    """A shell that is not known is wrong usage, and the sentence names those that are."""
    finished = Program(tmp_path).run("completion", "csh")
    assert finished.status == 64
    assert "bash" in finished.stderr

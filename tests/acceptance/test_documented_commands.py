"""The commands of the documents are run here, and what the documents show of their output is compared with it."""

import os
import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from bouncehandler.cli.app import app
from tests.documents import ROOT, Block, Site, blocks, console, documents

_WALKED = {"README.md"}
"""`test_fifteen_minutes` takes the README's steps in their order."""


def _commands() -> dict[str, str]:
    """Every command line of the program by itself, and the document that has it."""
    found = {}
    for block in blocks("sh"):
        for line in block.text.splitlines():
            command = re.sub(r"^sudo (-u pmta )?|/opt/bouncehandler/bin/", "", line.partition("#")[0].strip())
            if block.document not in _WALKED and re.match(r"(?:cat \S+ \| )?bouncehandler\b", command):
                found[command] = block.document
    return found


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


def test_there_are_commands_to_run() -> None:
    """The parametrised tests below have something to do."""
    assert len(_commands()) >= 25
    assert len(blocks("console")) >= 4


@pytest.mark.parametrize("command", _commands())
def test_every_command_runs(command: str, tmp_path: Path) -> None:
    """Each command does what it is for, on its own installation; one that needs this machine's files is parsed."""
    words = shlex.split(re.split("[<>]", command.partition("|")[2] or command)[0])[1:]
    if words[:1] in (["spool"], ["forget"]):  # which make none
        assert _run([], tmp_path, given=b"email\njane@example.com\n").returncode == 0
    if {"--watch", "--send"} & set(words) or any(word.startswith(("/etc/", "/var/")) for word in words):
        words += ["--help"]
    for before, name in pairwise(words):  # files that an operator has
        if name.endswith(".php"):
            (tmp_path / name).write_text("<?php $bounceCategories = array('bad-mailbox');")
        elif name.endswith((".csv", ".toml")) and before != "--output":
            (tmp_path / name).write_bytes(b"email\njohn@example.com\n" if name.endswith(".csv") else b"")
    finished = _run(words, tmp_path, given=b"email\njohn@example.com\n")
    assert finished.returncode == 0, finished.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The site of the documents' samples."""
    return Site(tmp_path_factory.mktemp("site"))


@pytest.mark.parametrize(
    "block", blocks("console"), ids=lambda block: f"{block.document}: {block.text.splitlines()[0]}"
)
def test_samples_are_the_programs(site: Site, block: Block) -> None:
    """Each sample is what the program prints, but for times, sizes and users: `make documents` writes it anew."""
    assert block.text == console(site, block.text)


def test_the_readme_has_short_samples() -> None:
    """The README shows some lines of `check`, `status` and `explain`, eleven at most with the command."""
    shown = [block.text for block in blocks("console") if block.document == "README.md"]
    assert [text.split()[2] for text in shown] == ["check", "status", "explain"]
    assert max(text.count("\n") for text in shown) <= 11


def test_the_table_of_commands_is_whole() -> None:
    """The README's table names each command once, and no other."""
    table = documents()["README.md"].partition("## Commands\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    assert sorted(re.findall(r"`([\w-]+)`", " ".join(cells))) == sorted(["bouncehandler", *app.list_commands(None)])  # type: ignore[arg-type]  # it is not looked at


def test_the_picture_is_there() -> None:
    """The picture of the report is a PNG of less than 150 kB: `make picture` makes it anew."""
    picture = (ROOT / "deploy" / "docs" / "report.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n")
    assert len(picture) < 150_000

"""What deploy/ holds agrees with the documents, and with itself; what can prove it here is run on it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import blocks

_ROOT = Path(__file__).resolve().parents[2]
_DEPLOY = _ROOT / "deploy"
_BIN = Path(sys.executable).parent


def _run(*command: str | Path, needs: str = "") -> subprocess.CompletedProcess[str]:
    program = shutil.which(str(command[0]), path=f"{_BIN}:/usr/sbin:/usr/bin:/sbin:/bin")
    assert program, f"{command[0]} is missing here: {needs}"
    return subprocess.run([program, *command[1:]], capture_output=True, text=True, timeout=180, check=False)


def test_the_blocks_for_powermta_are_those_of_the_documents() -> None:
    """Each file in deploy/pmta is a block of the documents, to the letter, and each pipe of theirs is such a file."""
    shown = {block.text for block in blocks("")}
    files = {path.read_text() for path in (_DEPLOY / "pmta").glob("*.conf")}
    assert len(files) == 5
    assert files <= shown
    ours = {text for text in shown if re.match(r"<acct-file|relay-domain", text) and "/usr/bin/php" not in text}
    assert ours == files


def test_every_file_is_described() -> None:
    """deploy/README.md names each file, and no file that is not there."""
    name = r"`([\w./@-]+\.(?:conf|service|sh|in|txt|yaml|yml|json|md|png)|Dockerfile|logrotate\.d/\w+|man/[\w.]+)`"
    output = set(re.findall(name, _described()))
    there = {str(path.relative_to(_DEPLOY)) for path in _DEPLOY.rglob("*") if path.is_file()}
    assert output == there - {"README.md"}


def _described() -> str:
    lines = (_DEPLOY / "README.md").read_text().splitlines()
    return "\n".join(line.partition(" | ")[0] for line in lines if line.startswith("| "))


@pytest.mark.parametrize("script", [_DEPLOY / "install.sh", _ROOT / "config" / "demo.sh"], ids=lambda path: path.name)
def test_scripts_are_plain_shell(script: Path) -> None:
    """The shell scripts pass shellcheck."""
    found = _run("shellcheck", "--shell=sh", script, needs="make .venv/tests")
    assert (found.returncode, found.stdout) == (0, "")


def test_the_image_is_well_made() -> None:
    """The Dockerfile passes hadolint."""
    found = _run("hadolint", _DEPLOY / "Dockerfile", needs="make .venv/tests")
    assert (found.returncode, found.stdout) == (0, "")


def test_no_registry_is_named() -> None:
    """No file names a host from which packages or images come: that is the machine's own setting."""
    for path in _DEPLOY.rglob("*"):
        if path.is_file() and path.suffix != ".png":
            text = path.read_text()
            assert not re.search(r"--(extra-)?index-url|^FROM \S+\.\S+/", text, re.MULTILINE), path


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """The units, with a program that is there in the place of ours."""
    for path in (_DEPLOY / "systemd").iterdir():
        text = path.read_text().replace("#LoadCredential", "LoadCredential")
        (tmp_path / path.name).write_text(text.replace("/opt/bouncehandler/bin/bouncehandler", "/bin/true"))
    return sorted(tmp_path.iterdir())


def test_systemd_takes_the_units(units: list[Path]) -> None:
    """`systemd-analyze verify` has no complaint about them, with the example of a credential made active."""
    found = _run("systemd-analyze", "verify", *units, needs="apt-get install systemd")
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_the_services_are_confined(units: list[Path]) -> None:
    """`systemd-analyze security` rates every unit below 2.0."""
    assert len(units) == 2
    for unit in units:
        found = _run(
            "systemd-analyze", "security", "--offline=true", "--no-pager", unit, needs="apt-get install systemd"
        )
        (level,) = re.findall(r"Overall exposure level for \S+: (\d+\.\d)", found.stdout)
        assert float(level) < 2, found.stdout


def test_logs_are_rotated(tmp_path: Path) -> None:
    """By the rules, logrotate moves a log away and makes no new one, which the program does."""
    log = tmp_path / "work.log"
    log.write_text("a line\n")
    rules = (_DEPLOY / "logrotate.d" / "bouncehandler").read_text().replace("su pmta pmta\n", "")
    rules = rules.replace("/var/lib/bouncehandler", f"{tmp_path}/spool")
    (tmp_path / "spool").mkdir()
    (tmp_path / "rules").write_text(re.sub(r"/var/log/bouncehandler|/var/log/pmta", str(tmp_path), rules))
    (tmp_path / "rules").chmod(0o600)
    rotate = ("logrotate", "--state", tmp_path / "state", tmp_path / "rules")
    tried = _run(*rotate, "-d", needs="apt-get install logrotate")
    done = _run(*rotate, "--force", needs="apt-get install logrotate")
    assert tried.returncode == done.returncode == 0, tried.stderr + done.stderr
    assert "error" not in tried.stderr
    assert not log.exists()
    assert (tmp_path / "work.log.1").read_text() == "a line\n"

"""The README's "In fifteen minutes", step by step, on a root where nothing is: its own commands, in its own order."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.installing import PROGRAM, ROOT, copied, installed_once

_README = (ROOT / "README.md").read_text()
_SECTION = _README.partition("## In fifteen minutes\n")[2].partition("\n## ")[0]
_STEPS = re.findall(r"^```sh\n(.*?)^```$", _SECTION, re.MULTILINE | re.DOTALL)

_SUDO = re.compile(r"\bsudo (-u pmta )?")
"""The test has one user."""


def _below(root: Path, step: str) -> str:
    """A step with its folders below the root; the program is started as what it will be there."""
    step = _SUDO.sub("", step).replace("deploy/install.sh", f"deploy/install.sh --root {root}")
    step = step.replace("/opt/bouncehandler/bin/bouncehandler", f"{root / PROGRAM}/bin/python -m bouncehandler")
    return re.sub(r"(?<![\w.-])(/etc|/var/lib)/bouncehandler", rf"{root}\1/bouncehandler", step)


def _do(root: Path, step: str) -> str:
    """Carry a step out, in the checkout, with an empty home; returns its output. One that is to fail reports it."""
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(root / "home"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "BOUNCEHANDLER_CONFIG": f"{root}/etc/bouncehandler/bouncehandler.toml",
        "BOUNCEHANDLER_SPOOL__URL": f"sqlite:///{root}/var/lib/bouncehandler/spool.db",
    }
    done = subprocess.run(
        ["/bin/sh", "-ec", _below(root, step)],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == (78 if step.endswith("# FAIL") else 0), f"{step}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_every_step_does_what_the_readme_states(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    """A reader who follows the steps has the program installed, proved and fed, and sees who was unsubscribed."""
    assert "install.sh" in _STEPS[0]
    root = copied(installed_once(tmp_path_factory), tmp_path / "root")  # so the first step has nothing left to do
    (root / "home").mkdir()
    answers = {line: _do(root, line) for step in _STEPS for line in _commands(step)}
    assert re.search(r"^FAIL  provider trial: .*folder", _answer(answers, r"# FAIL$"), re.MULTILINE)
    assert re.search(r"^ok    provider trial", _answer(answers, r" check$"), re.MULTILINE)
    assert re.search(r"\btrial\b.*\b4\b", _answer(answers, r" status$"))
    assert len(_answer(answers, r" suppressions$").splitlines()) == 5  # with its heading
    assert _answer(answers, r"^sudo cat ").count('"recipient"') == 3  # two rows are of one person, who is called once
    assert re.search(r"bad-mailbox\W+.*\d", _answer(answers, r" report --since \S+$"))
    assert "<svg" in (root / "var/lib/bouncehandler/trial/report.html").read_text()


def _answer(answers: dict[str, str], command: str) -> str:
    """Lines of the one command that look like this."""
    (output,) = (output for line, output in answers.items() if re.search(command, line))
    return output


def _commands(step: str) -> list[str]:
    """The commands of a step, each with the text that follows it as its input."""
    return [match[0] for match in re.finditer(r"^.*<<'EOF'\n(?:.*\n)*?EOF$|^.+$", step, re.MULTILINE)]

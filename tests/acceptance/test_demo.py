"""`make demo` beside a configuration and an environment that name a list manager: it runs in a world of its own."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.acceptance.harness import LONGEST, SCRIPT, Finished
from tests.fakes.webhook import SECRET, FakeReceiver

_ROOT = Path(__file__).resolve().parents[2]
_COPIED = ("Makefile", "pyproject.toml", "deploy/requirements.txt", "config")

_TRANSLATED = {"suppressed": "suppress", "counted": "count", "ignored": "ignore"}
"""Words of the totals to verdicts."""


class _Shown(NamedTuple):
    """A folder with a checkout where the demo was run, by the script and then by `make`, and the results."""

    folder: Path
    script: Finished
    make: Finished
    starts: list[str]
    """Of each start of the program under `make`: its arguments, and its environment below them."""
    calls: int
    """Requests that reached the list manager of the caller's environment."""

    @property
    def checkout(self) -> Path:
        """The files that the demo is made of."""
        return self.folder / "checkout"

    @property
    def made(self) -> Path:
        """The folder that the demo leaves behind."""
        return self.checkout / ".demo"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> _Shown:
    """Run the script from another folder, with an empty HOME; then `make` without HOME, with a new environment."""
    folder = tmp_path_factory.mktemp("demo")
    checkout, elsewhere, venv = (folder / name for name in ("checkout", "elsewhere", "venv"))
    _check_out(checkout)
    elsewhere.mkdir()
    _build_venv(venv)
    with FakeReceiver() as receiver:
        hostile = _name_list_manager(folder, receiver)
        script = [checkout / "config" / "demo.sh"]
        own = str(Path(sys.executable).parent)
        by_script = _run(elsewhere, hostile | {"HOME": "", "BIN": own}, "sh", *script)
        by_make = _run(checkout, hostile, "make", "demo", f"VENV={venv}", f"PYTHON={sys.executable}")
        starts = (venv / "starts").read_text().split("\n\n")[:-1]
        return _Shown(folder, by_script, by_make, starts, len(receiver.requests))


def _check_out(checkout: Path) -> None:
    for name in _COPIED:
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (_ROOT / name).is_dir() else shutil.copy
        copy(_ROOT / name, checkout / name)


def _build_venv(venv: Path) -> None:
    """Build a `bin` where pip has nothing left to do, and where each start of the program is recorded."""
    (venv / "bin").mkdir(parents=True)
    record = f"{{ echo \"$*\"; env; echo; }} >> '{venv}/starts'"
    scripts = {
        "python": f'case "$*" in "-m pip "*) exit;; esac\nexec \'{sys.executable}\' "$@"',
        "bouncehandler": f"{record}\nexec '{SCRIPT[0]}' \"$@\"",
    }
    for name, script in scripts.items():
        file = venv / "bin" / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)


def _name_list_manager(folder: Path, receiver: FakeReceiver) -> dict[str, str]:
    """An environment that names a list manager in its variables and in a file, and leads to it as a proxy."""
    section = {"type": "webhook", "url": receiver.hook, "secret": SECRET}
    file = folder / "hostile.toml"
    lines = [f"{key} = {json.dumps(value)}" for key, value in section.items()]
    spool = f'[spool]\nurl = "sqlite:///{folder}/hostile.db"\n'
    file.write_text(spool + "\n".join(["[providers.configured]", *lines]) + "\n")
    variables = {f"BOUNCEHANDLER_PROVIDERS__X__{key.upper()}": value for key, value in section.items()}
    proxies = dict.fromkeys(("http_proxy", "HTTPS_PROXY", "ALL_PROXY"), receiver.url)
    led = {"XDG_STATE_HOME": str(folder / "state"), "CREDENTIALS_DIRECTORY": str(folder)}
    return {"PATH": os.environ["PATH"], "BOUNCEHANDLER_CONFIG": str(file)} | variables | proxies | led


def _run(cwd: Path, environ: dict[str, str], *argv: str | Path) -> Finished:
    """Run a command to its end; what it wrote to stderr stands within its stdout, as on a screen."""
    found = subprocess.run(
        argv,
        cwd=cwd,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=2 * LONGEST,
        check=False,
    )
    return Finished(found.returncode, found.stdout, "")


def test_list_managers_of_the_machine_are_not_called(shown: _Shown) -> None:
    """A list manager that BOUNCEHANDLER_ variables, $BOUNCEHANDLER_CONFIG and a proxy name gets no request."""
    assert (shown.script.status, shown.make.status, shown.calls) == (0, 0, 0), shown.script.stdout


def test_each_start_has_a_configuration_and_an_environment_of_the_demo(shown: _Shown) -> None:
    """Each start of the program has --config, so that no file of /etc is read, and of all variables PATH alone."""
    assert len(shown.starts) >= 4
    for start in shown.starts:
        arguments, *variables = start.splitlines()
        assert arguments.startswith("--config .demo/bouncehandler.toml ")
        names = {variable.partition("=")[0] for variable in variables}
        assert names - {"PWD", "OLDPWD", "SHLVL", "_"} == {"PATH", "HOME"}  # the recording shell adds the former
        assert f"HOME={shown.made}" in variables


def test_it_fits_a_screen(shown: _Shown) -> None:
    """The demo, with the line that reports that the environment is set up, is 30 lines of 80 columns, without JSON."""
    lines = shown.make.stdout.splitlines()
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 80
    assert "{" not in shown.make.stdout


def test_a_second_run_shows_the_same(shown: _Shown) -> None:
    """Another run, over what the first one left, shows the same below the one line of its set-up."""
    first, _, rest = shown.make.stdout.partition("\n")
    assert first.startswith("setting up ")
    assert rest == shown.script.stdout


def test_five_rows_come_to_five_decisions(shown: _Shown) -> None:
    """Each of five rows is shown as it came in, and with its verdict and its rule."""
    rows, decided = (_table(shown, heading) for heading in ("five rows", "cat ROWS"))
    assert [(recipient, category) for _, recipient, category, *_ in rows] == [
        ("ann@example.org", "bad-mailbox"),
        ("ben@example.org", "quota-issues"),
        ("cat@example.org", "policy-related"),
        ("dan@example.org", "bad-mailbox"),
        ("eve@example.org", "abuse"),
    ]
    assert decided[:-1] == [
        ["ann@example.org", "suppress", 'policy.bounce.bad-mailbox = "suppress"'],
        ["ben@example.org", "count", "policy.bounce.quota-issues = suppress after 3 in 21d"],
        ["cat@example.org", "ignore", 'policy.bounce.policy-related = "ignore"'],
        ["dan@example.org", "ignore", 'policy.bounce.spam-related = "ignore", by rule spam'],
        ["eve@example.org", "suppress", 'policy.complaint."*" = "suppress"'],
    ]


def test_the_numbers_add_up(shown: _Shown) -> None:
    """The totals are those of the rows above them, and of the file that stands for the list manager."""
    verdicts = [verdict for _, verdict, _ in _table(shown, "cat ROWS")[:-1]]
    first, again = (_totals(shown, heading) for heading in ("cat ROWS", "the same rows again"))
    for counters in (first, again):
        assert counters["rows"] == len(verdicts) == sum(counters[word] for word in _TRANSLATED)
        assert {word: counters[word] for word in _TRANSLATED} == {
            word: verdicts.count(verdict) for word, verdict in _TRANSLATED.items()
        }
    unsubscribed = (shown.made / "unsubscribed.jsonl").read_text().splitlines()
    assert (first["known"], first["unsubscribed"]) == (0, len(unsubscribed))
    assert (again["known"], again["unsubscribed"]) == (again["suppressed"], 0)
    assert first["suppressed"] == len(unsubscribed)


def test_one_person_is_explained(shown: _Shown) -> None:
    """`explain` shows what came in, what was decided and why, and what was done where."""
    assert _table(shown, "bouncehandler explain") == [
        ["bounced", "bad-mailbox 5.1.1 smtp;550 5.1.1 user unknown"],
        ["was suppressed", 'policy.bounce.bad-mailbox = "suppress"; routed to news'],
        ["call: unsubscribed", "news"],
        ["done: unsubscribed", "news"],
    ]


def test_the_report_is_of_the_rows(shown: _Shown) -> None:
    """The page that the demo points to is there, and holds the categories of the rows, once each."""
    (output,) = _section(shown, "bouncehandler report")
    page = (shown.checkout / output.removeprefix("the report is in ")).read_text()
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", page, re.DOTALL)
    cells = [re.sub(r"<[^>]+>", " ", row).split() for row in rows]
    categories = {row[0]: int(row[1]) for row in cells if row and row[0] in {"bad-mailbox", "quota-issues"}}
    assert categories == {"bad-mailbox": 2, "quota-issues": 1}


def test_nothing_is_written_elsewhere(shown: _Shown) -> None:
    """Beside `.demo`, the checkout, the caller's folder and the caller's spool are as they were."""
    assert {path.name for path in shown.folder.iterdir()} == {"checkout", "elsewhere", "venv", "hostile.toml"}
    assert list((shown.folder / "elsewhere").iterdir()) == []
    assert {path.name for path in shown.checkout.iterdir()} == {".demo", *(name.split("/")[0] for name in _COPIED)}


def test_without_an_environment_it_reports_what_makes_one(tmp_path: Path) -> None:
    """The script alone, where nothing is installed, names `make demo` and leaves an earlier `.demo` alone."""
    _check_out(tmp_path)
    (tmp_path / ".demo").mkdir()
    found = _run(tmp_path, {"PATH": os.environ["PATH"]}, "sh", "config/demo.sh")
    assert found.status == 1
    assert "`make demo`" in found.stdout
    assert (tmp_path / ".demo").is_dir()


def _section(shown: _Shown, heading: str) -> list[str]:
    """The lines below the heading that begins so."""
    (section,) = (s for s in shown.script.stdout.split("\n\n") if s.startswith(f"== {heading}"))
    return section.splitlines()[1:]


def _table(shown: _Shown, heading: str) -> list[list[str]]:
    return [re.split(r" {2,}", line) for line in _section(shown, heading)]


def _totals(shown: _Shown, heading: str) -> dict[str, int]:
    """The numbers of the line that begins with how many rows there were, by the word behind each."""
    (line,) = (line for line in _section(shown, heading) if re.match(r"\d+ rows = ", line))
    return {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", line)}

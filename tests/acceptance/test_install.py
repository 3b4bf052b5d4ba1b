"""deploy/install.sh installs, mends, upgrades and uninstalls, and reports what it does."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from bouncehandler.settings import load
from tests.acceptance.harness import Finished
from tests.acceptance.installing import PROGRAM, copied, install, installed_once, listing, only_the_program


@pytest.fixture
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with an installation, to look at."""
    return installed_once(tmp_path_factory)


@pytest.fixture
def own(root: Path, tmp_path: Path) -> Path:
    """One of its own, to change."""
    return copied(root, tmp_path / "root")


def run(root: Path, *args: str, **environ: str) -> Finished:
    """The installed program, as it would be found were the root the root."""
    found = subprocess.run(
        [root / PROGRAM / "bin" / "python", "-m", "bouncehandler", *args],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(root), "PYTHONDONTWRITEBYTECODE": "1", **environ},
        cwd=root,
        stdin=subprocess.DEVNULL,
        timeout=180,
        check=False,
    )
    return Finished(found.returncode, found.stdout, found.stderr)


def test_the_program_is_whole_where_it_will_be(root: Path, tmp_path: Path) -> None:
    """What was installed runs, its scripts name the place where they will be, and it is compiled beforehand."""
    assert run(root, "--version").stdout.startswith("bouncehandler")
    answer = run(root, "check", BOUNCEHANDLER_SPOOL__URL=f"sqlite:///{tmp_path}/spool.db")
    assert answer.status == 0, answer.stdout + answer.stderr
    bin_folder = root / PROGRAM / "bin"
    assert (bin_folder / "bouncehandler").read_text().startswith("#!/opt/bouncehandler/bin/python")
    assert os.readlink(root / "usr/local/bin/bouncehandler") == "/opt/bouncehandler/bin/bouncehandler"  # noqa: PTH115  # as written
    (package,) = (root / PROGRAM).glob("lib/python*/site-packages/bouncehandler")
    assert list(package.glob("cli/__pycache__/unsubscribe_fast_path.*.pyc"))
    named = [path for path in bin_folder.iterdir() if not path.is_symlink() and str(root).encode() in path.read_bytes()]
    assert named == []


def test_the_program_alone(tmp_path_factory: pytest.TempPathFactory) -> None:
    """An image can have the program and nothing around it: no configuration, folders, units or links."""
    assert only_the_program(tmp_path_factory) == [str(PROGRAM)]


def test_what_lies_around_it_is_as_the_readme_states(root: Path) -> None:
    """Configuration, spool and log have their folders and modes; the configuration keeps the spool where it belongs."""
    modes = {
        "etc/bouncehandler": 0o750,
        "etc/bouncehandler/bouncehandler.toml": 0o640,
        "var/lib/bouncehandler": 0o700,
        "var/log/bouncehandler": 0o750,
    }
    assert {name: (root / name).stat().st_mode & 0o777 for name in modes} == modes
    settings = load(root / "etc/bouncehandler/bouncehandler.toml", {"HOME": "/nowhere"})
    assert settings.spool.url == "sqlite:////var/lib/bouncehandler/spool.db"
    assert len(list((root / "etc/bouncehandler/pmta").glob("*.conf"))) == 5


def test_a_second_run_changes_nothing(root: Path) -> None:
    """Installing again what is there writes no file and mentions none."""
    before = listing(root)
    again = install("--root", root)
    assert again.status == 0, again.stderr
    assert again.stdout.startswith("bouncehandler is installed in ")
    assert listing(root) == before


def test_a_configuration_is_never_overwritten(own: Path) -> None:
    """What the operator wrote stays; what is missing or was changed around it is mended; another user is written in."""
    config, unit = own / "etc/bouncehandler/bouncehandler.toml", own / "etc/systemd/system/bouncehandler.service"
    config.write_text("# mine\n")
    unit.write_text("broken\n")
    done = install("--root", own, "--user", "mail")
    assert done.status == 0, done.stderr
    assert config.read_text() == "# mine\n"
    assert re.findall(r"^(?:User|Group)=(.*)$", unit.read_text(), re.MULTILINE) == ["mail", "mail"]
    assert "su mail mail" in (own / "etc/logrotate.d/bouncehandler").read_text()
    rules = (own / "etc/tmpfiles.d/bouncehandler.conf").read_text()
    assert "0700 mail mail -" in rules
    assert "pmta pmta" not in rules


def test_tmpfiles_makes_the_folders(own: Path) -> None:
    """`systemd-tmpfiles` takes the rules, and makes the spool's folder for its owner alone."""
    install("--root", own, "--user", "mail")
    (own / "var/lib/bouncehandler").rmdir()
    command = ["systemd-tmpfiles", "--create", f"--root={own}", f"{own}/etc/tmpfiles.d/bouncehandler.conf"]
    (own / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\nmail:x:8:8::/:/bin/sh\n")
    (own / "etc/group").write_text("root:x:0:\nmail:x:8:\n")
    try:
        made = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    except FileNotFoundError:
        pytest.fail("systemd-tmpfiles is missing here: apt-get install systemd")
    assert (made.returncode, made.stderr) == (0, "")
    assert (own / "var/lib/bouncehandler").stat().st_mode & 0o777 == 0o700


def test_uninstalling_keeps_what_is_the_operators_until_purged(own: Path) -> None:
    """--uninstall leaves configuration, spool and logs, and lists them; --purge leaves none; both may be repeated."""
    (own / "var/lib/bouncehandler/spool.db").write_text("kept")
    for _ in range(2):
        done = install("--root", own, "--uninstall")
        assert done.status == 0, done.stderr
        assert "--purge removes them" in done.stdout
        assert listing(own).keys() == {"etc/bouncehandler/bouncehandler.toml", "var/lib/bouncehandler/spool.db"}
    for _ in range(2):
        assert install("--root", own, "--uninstall", "--purge").status == 0
        assert listing(own) == {}
    assert not (own / "opt/bouncehandler").exists()


def test_a_dry_run_lists_and_does_nothing(own: Path, tmp_path: Path) -> None:
    """With --dry-run it is reported what would be done, to install and to uninstall, and nothing is."""
    (tmp_path / "empty").mkdir()
    output = install("--root", tmp_path / "empty", "--dry-run")
    assert output.status == 0, output.stderr
    assert f"would: install the program into {tmp_path}/empty/opt/bouncehandler" in output.stdout
    assert listing(tmp_path / "empty") == {}
    before = listing(own)
    output = install("--root", own, "--uninstall", "--purge", "--dry-run")
    assert f"would: remove {own}/var/lib/bouncehandler" in output.stdout
    assert listing(own) == before


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--foo"], "there is no option --foo"),
        (["--root"], "--root needs a value"),
        (["--prefix", "opt"], "--prefix opt must begin with /"),
        (["--prefix", "/"], "is no path that this script takes"),
        (["--prefix", "/opt/../etc"], "is no path that this script takes"),
        (["--root", "/srv/a b"], "is no path that this script takes"),
        (["--user", "$(id)"], "is no name of a user"),
        (["--purge"], "--purge belongs to --uninstall"),
    ],
)
def test_a_wrong_option_is_one_sentence(args: list[str], sentence: str) -> None:
    """Wrong usage ends with 64 and reports what is wrong, before anything is touched."""
    done = install("--dry-run", *args)
    assert done.status == 64
    assert done.stderr.count("\n") == 1
    assert sentence in done.stderr


def test_another_users_folder_is_left_alone(tmp_path: Path) -> None:
    """A folder in the program's place that the script did not make is neither replaced nor removed."""
    (tmp_path / "opt/bouncehandler").mkdir(parents=True)
    (tmp_path / "opt/bouncehandler/precious").write_text("kept")
    for args in ([], ["--uninstall", "--purge"]):
        done = install("--root", tmp_path, *args)
        assert done.status == 73
        assert "not made by this script" in done.stderr
    assert listing(tmp_path).keys() == {"opt/bouncehandler/precious"}


def test_an_old_python_is_refused(tmp_path: Path) -> None:
    """A Python that is too old, or none, is reported in one sentence, and nothing is made."""
    done = install("--root", tmp_path / "root", "--python", "/bin/false")
    assert done.status == 69
    assert done.stderr == "install.sh: /bin/false is not Python 3.11 or newer: name one with --python\n"
    assert not (tmp_path / "root").exists()

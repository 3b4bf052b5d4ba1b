"""An installation by deploy/install.sh below a root of its own: made once, and copied for tests that change it."""

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.harness import Finished

ROOT = Path(__file__).resolve().parents[2]
INSTALL = ROOT / "deploy" / "install.sh"
PROGRAM = Path("opt/bouncehandler")

_LONGEST = 300.0
"""Seconds: packages are fetched."""


def install(*args: str | Path) -> Finished:
    """Run the script."""
    found = subprocess.run(
        ["/bin/sh", INSTALL, *args], capture_output=True, text=True, timeout=_LONGEST, check=False, cwd="/"
    )
    return Finished(found.returncode, found.stdout, found.stderr)


def installed_once(factory: pytest.TempPathFactory) -> Path:
    """A root with an installation, the same for all test processes; it is never changed."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (shared / "installed.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        root = shared / "installed"
        if not (root / PROGRAM).exists():
            _twice(root, shared / "only-the-program")
    return root


def _twice(root: Path, alone: Path) -> None:
    """The program alone, as an image has it; then what lies around it. `alone` remembers what there was between."""
    for args in (("--only-program", "--root", root), ("--root", root)):
        done = install(*args)
        assert done.status == 0, done.stderr
        if not alone.exists():
            alone.write_text("\n".join(sorted(str(path.relative_to(root)) for path in root.glob("*/*"))))


def only_the_program(factory: pytest.TempPathFactory) -> list[str]:
    """What lay below the root when only the program was installed, two folders deep."""
    return (installed_once(factory).parent / "only-the-program").read_text().splitlines()


def copied(root: Path, to: Path) -> Path:
    """A copy that may be changed: neither the script nor the program writes into a file that is there."""
    subprocess.run(["/bin/cp", "-al", root, to], check=True, timeout=180)
    for file in (to / "etc").rglob("*"):
        if file.is_file():
            text = file.read_bytes()
            file.unlink()
            file.write_bytes(text)
    return to


def listing(root: Path) -> dict[str, tuple[int, int, int]]:
    """Every name below a root, with its mode, its size, and when it was last changed."""
    return {
        str(path.relative_to(root)): (path.lstat().st_mode, path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in root.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }

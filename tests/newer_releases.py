"""Package index in a folder that has a newer release of every locked package: `python -m tests.newer_releases FOLDER`.

An installation that asks a resolver, instead of taking what the locks name, takes one of these, and fails: each is
empty but for its name, version 9999 and a requirement that no index can meet. Standard library only, since it runs
before anything is installed.
"""

import re
import sys
from pathlib import Path
from zipfile import ZipFile

LOCKS = ("deploy/requirements.txt", "tests/requirements.txt")
_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==", re.MULTILINE)
_VERSION = "9999"


def locked_names(root: Path) -> list[str]:
    """Names of all packages in both locks, without extras, sorted."""
    return sorted({name for lock in LOCKS for name in _PINNED.findall((root / lock).read_text("utf-8"))})


def write_wheels(names: list[str], folder: Path) -> None:
    """Write one wheel a name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        _write_wheel(name.replace("-", "_").replace(".", "_"), folder)


def _write_wheel(name: str, folder: Path) -> None:
    info = f"{name}-{_VERSION}.dist-info"
    with ZipFile(folder / f"{name}-{_VERSION}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {_VERSION}\nRequires-Dist: no-such-release==0\n",
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


if __name__ == "__main__":
    write_wheels(locked_names(Path(__file__).resolve().parents[1]), Path(sys.argv[1]))

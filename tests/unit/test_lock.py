"""The locks name everything that is installed, so that later releases change nothing."""

import re
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.newer_releases import LOCKS, locked_names, write_wheels

_ROOT = Path(__file__).resolve().parents[2]


def _locked() -> dict[str, Requirement]:
    """What the locks hold that is installed on this platform, by canonical name."""
    text = "\n".join((_ROOT / lock).read_text("utf-8") for lock in LOCKS)
    lines = re.findall(r"^([a-z0-9].*?)\s*\\?$", text, re.MULTILINE)
    found = [Requirement(line) for line in lines]
    return {canonicalize_name(one.name): one for one in found if not one.marker or one.marker.evaluate()}


@pytest.mark.parametrize("name", sorted(_locked()))
def test_what_a_locked_package_requires_is_locked(name: str) -> None:
    """Each requirement of a locked package, those of its extras included, is met by the locks with its extras."""
    locked = _locked()
    for text in distribution(name).requires or []:
        requirement = Requirement(text)
        extras = locked[name].extras or {""}
        if requirement.marker and not any(requirement.marker.evaluate({"extra": extra}) for extra in extras):
            continue
        met = locked.get(canonicalize_name(requirement.name))
        assert met, f"{name} requires {requirement}, which no lock names"
        assert requirement.extras <= met.extras, f"{name} requires {requirement}, which is locked without its extra"
        assert requirement.specifier.contains(str(met.specifier).removeprefix("=="), prereleases=True)


@pytest.mark.parametrize("file", ["Makefile", "deploy/install.sh", "deploy/README.md"])
def test_no_resolver_runs(file: str) -> None:
    """Every installation from a lock is without a resolver, and every other one is of this package alone."""
    commands = re.findall(r"^.*\bpip\b.*\binstall\b.*$", (_ROOT / file).read_text("utf-8"), re.MULTILINE)
    commands = [command for command in commands if not command.endswith("install --quiet uv")]  # `make lock` alone
    assert commands
    assert [command for command in commands if "--no-deps" not in command] == []


def test_the_index_of_newer_releases_has_every_locked_package(tmp_path: Path) -> None:
    """The index that CI installs from offers a newer release of each locked package."""
    names = locked_names(_ROOT)
    write_wheels(names, tmp_path)
    assert {canonicalize_name(name) for name in names} >= set(_locked())
    assert len(list(tmp_path.glob("*-9999-py3-none-any.whl"))) == len(names)

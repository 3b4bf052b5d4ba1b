"""Access rights of another user, computed from owner, group and modes, since only root could try them."""

import os
from pathlib import Path

import pytest

from bouncehandler.cli.checks.users import User

OWNER = User("owner", 4001, (4001,))
MEMBER = User("member", 4002, (4002, 4001))
STRANGER = User("stranger", 4003, (4003,))


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of `owner`, in folders that every user may enter."""
    file = tmp_path / "file"
    file.touch()
    real = Path.stat

    def stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        found = list(real(path, follow_symlinks=follow_symlinks))
        if path == file:
            found[4:6] = [OWNER.uid, OWNER.groups[0]]
        elif path.is_relative_to(tmp_path) or tmp_path.is_relative_to(path):
            found[0] = int(found[0]) | 0o111
        return os.stat_result(found)

    monkeypatch.setattr(Path, "stat", stat)
    monkeypatch.setattr(os, "geteuid", lambda: 4999)
    return file


@pytest.mark.parametrize(
    ("mode", "wanted", "granted"),
    [
        (0o600, os.R_OK | os.W_OK, [True, False, False]),
        (0o640, os.R_OK, [True, True, False]),
        (0o604, os.R_OK, [True, False, True]),
        (0o755, os.X_OK, [True, True, True]),
        (0o070, os.X_OK, [False, True, False]),
    ],
)
def test_owner_group_and_others(file: Path, mode: int, wanted: int, granted: list[bool]) -> None:
    """The first of owner, group and others that fits a user decides (path_resolution(7)); with its source."""
    file.chmod(mode)
    assert [user.may([(file, wanted)])[0] for user in (OWNER, MEMBER, STRANGER)] == granted
    assert "only root can try it" in OWNER.how


def test_what_is_not_there(file: Path) -> None:
    """No user may do anything with a file that isn't there, nor make one in a folder that is closed to them."""
    assert OWNER.may([(file.with_name("other"), os.R_OK)]) == [False]
    file.parent.chmod(0o700)
    assert not OWNER.may_append(file.with_name("other"))

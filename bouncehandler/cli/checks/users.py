"""Rights of another user on files: tried as that user where root asks, else worked out from the modes."""

import os
import pwd
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bouncehandler.cli.exits import USAGE, CommandError

Wish = tuple[Path, int]
"""Path, with the access to test: `os.R_OK`, `os.W_OK`, `os.X_OK`, or several of them."""


class User(NamedTuple):
    """A user of this machine."""

    name: str
    uid: int
    groups: tuple[int, ...]
    """The first is the user's own."""

    @property
    def how(self) -> str:
        """Method by which the rights are known."""
        if self.uid == os.geteuid():
            return f"as {self.name}"
        if os.geteuid() == 0:
            return f"tried as {self.name}"
        return f"as {self.name}, by the modes of files alone: only root can try it"

    def may(self, wishes: Sequence[Wish]) -> list[bool]:
        """Whether each wish is granted."""
        if self.uid == os.geteuid():
            return [os.access(path, mode, effective_ids=True) for path, mode in wishes]
        return _tried(self, wishes) if os.geteuid() == 0 else [_is_granted(self, *wish) for wish in wishes]

    def may_append(self, file: Path) -> bool:
        """Whether this user can write into the file, or make it."""
        if self.may([(file, os.F_OK)])[0]:
            return self.may([(file, os.W_OK)])[0] and not file.is_dir()
        return self.may([(file.parent, os.W_OK | os.X_OK)])[0]


def user_named(name: str) -> User:
    """The user of this name.

    Raises:
        CommandError: there is none.
    """
    try:
        found = pwd.getpwnam(name)
    except (KeyError, ValueError):
        raise CommandError(
            f"there is no user {name!r} on this machine: name the one that PowerMTA runs as", USAGE
        ) from None
    return User(name, found.pw_uid, tuple(dict.fromkeys((found.pw_gid, *os.getgrouplist(name, found.pw_gid)))))


def this_user() -> User:
    """User of this process."""
    try:
        name = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        name = f"user {os.geteuid()}"
    return User(name, os.geteuid(), (os.getegid(), *os.getgroups()))


def owner(path: Path) -> str:
    """Name of the owner of a file, or a number where the name is not known."""
    try:
        return path.owner()
    except KeyError:
        return f"user {path.stat().st_uid}"


def _tried(user: User, wishes: Sequence[Wish]) -> list[bool]:
    """Ask the system, in a child that has become that user; an answer that is missing counts as refused."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups(user.groups)
            os.setgid(user.groups[0])
            os.setuid(user.uid)
            os.write(writing, bytes(os.access(path, mode) for path, mode in wishes))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answers:
        answer = answers.read()
    os.waitpid(child, 0)
    return [bool(one) for one in answer] if len(answer) == len(wishes) else [False] * len(wishes)


def _is_granted(user: User, path: Path, mode: int) -> bool:
    """Whether the modes of the path, and of the folders above it, grant the access; an unreadable one refuses it."""
    try:
        whole = path.resolve(strict=True)
        return all(_bits(user, above) & os.X_OK for above in whole.parents) and _bits(user, whole) & mode == mode
    except (OSError, RuntimeError):
        return False


def _bits(user: User, path: Path) -> int:
    found = path.stat()
    if user.uid == 0:
        return os.R_OK | os.W_OK | (os.X_OK if path.is_dir() or found.st_mode & 0o111 else 0)
    if found.st_uid == user.uid:
        return found.st_mode >> 6 & 0o7
    return found.st_mode >> 3 & 0o7 if found.st_gid in user.groups else found.st_mode & 0o7

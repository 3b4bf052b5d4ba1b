"""What the faults of the disk need of the machine: small file systems, rights that bind root, a sync that fails."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.acceptance.harness import MODULE

_WRAPPER = """
import ctypes, os, resource, sys
limit, is_bound, *command = sys.argv[1:]
if limit != "none":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
if is_bound == "bound":
    for capability in (1, 2):
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
os.execv(command[0], command)
"""
"""24 is PR_CAPBSET_DROP, 1 and 2 are CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: root heeds modes then."""

_SYNC = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int left = -1, has_failed;

static int fails(int fd) {
    char link[64], path[4096] = "";
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (readlink(link, path, sizeof path - 1) < 0 || !strstr(path, getenv("FAULT_SYNC_FILE"))) return 0;
    if (left < 0) left = atoi(getenv("FAULT_SYNC_AFTER"));
    int log = open(getenv("FAULT_SYNC_LOG"), O_WRONLY | O_APPEND | O_CREAT, 0600);
    int is_the_one = !has_failed && left-- == 0;
    has_failed |= is_the_one;
    if (log >= 0) { if (write(log, is_the_one ? "!" : ".", 1) < 0) {} close(log); }
    return is_the_one;
}

int fsync(int fd) {
    if (fails(fd)) { errno = EIO; return -1; }
    return ((int (*)(int)) dlsym(RTLD_NEXT, "fsync"))(fd);
}

int fdatasync(int fd) {
    if (fails(fd)) { errno = EIO; return -1; }
    return ((int (*)(int)) dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
"""
"""One sync fails, all later ones succeed, as with Linux: the kernel reports a lost write once."""


def wrapped(*, limit: int | None = None, is_bound: bool = False) -> tuple[str, ...]:
    """How to start the program: with a limit for the size of files, in bytes; with modes that bind it, even as root."""
    what = ("none" if limit is None else str(limit), "bound" if is_bound else "free")
    return (sys.executable, "-c", _WRAPPER, *what, *MODULE)


@cache
def can_bind() -> bool:
    """Whether modes can be made to bind the program."""
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).chmod(0o444)
        code = "import sys; open(sys.argv[1], 'a')"
        command = [*wrapped(is_bound=True)[: -len(MODULE)], sys.executable, "-c", code, file.name]
        return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 1


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """A folder of its own file system, so small."""
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        subprocess.run([_tool("umount"), str(folder)], check=True)


def remount(folder: Path, options: str) -> None:
    """Change the options of a small disk."""
    _mount("-o", f"remount,{options}", "tmpfs", str(folder))


@cache
def can_mount() -> bool:
    """Whether this user may mount a small disk."""
    if not (shutil.which("mount") and shutil.which("umount")) or os.geteuid():
        return False
    with tempfile.TemporaryDirectory() as folder:
        try:
            with small_disk(Path(folder) / "disk", 64):
                return True
        except subprocess.CalledProcessError:
            return False


def _tool(name: str) -> str:
    """Where it is; the callers have asked whether it is there."""
    found = shutil.which(name)
    assert found, name
    return found


def _mount(*arguments: str) -> None:
    subprocess.run([_tool("mount"), *arguments], stderr=subprocess.DEVNULL, check=True)


def has_compiler() -> bool:
    """Whether a library can be made, and preloaded."""
    return bool(shutil.which("cc")) and sys.platform == "linux"


def failing_sync(folder: Path) -> Path:
    """Make the library that fails one sync."""
    source, library = folder / "sync.c", folder / "sync.so"
    source.write_text(_SYNC, "ascii")
    subprocess.run([_tool("cc"), "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    return library

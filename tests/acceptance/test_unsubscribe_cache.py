"""The kept configuration of `unsubscribe`: used where it holds, seen to be stale at once, never trusted nor needed."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from bouncehandler.settings.sources import SYSTEM_FILE
from bouncehandler.unsubscribe import config_cache
from bouncehandler.unsubscribe.maildrop_reader import UnsubscribeRequest
from tests.acceptance.harness import LONGEST, MODULE, SCRIPT, Program
from tests.acceptance.unsubscribing import (
    BY_IDS,
    BY_SIGNATURE,
    IDS,
    MAIL,
    PROVIDER,
    SECRET,
    cache_files,
    configure,
    installation,
    maildrop_messages,
    send,
    signed,
    warm,
)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """An installation with a domain for ids and one that signs."""
    return installation(tmp_path)


def imported(program: Program) -> set[str]:
    """Modules that are imported for a mail."""
    command = [MODULE[0], "-X", "importtime", *MODULE[1:], "--config", str(program.config), "unsubscribe"]
    finished = subprocess.run(
        [*command, "--from", "", "--to", IDS],
        input=MAIL,
        capture_output=True,
        env={"HOME": str(program.folder)},
        cwd=program.folder,
        timeout=LONGEST,
        check=True,
    )
    return {line.rpartition("|")[2].strip() for line in finished.stderr.decode().splitlines()}


def providers(program: Program) -> list[str]:
    """Return the providers of the messages."""
    return [
        message.record.provider for message in maildrop_messages(program) if isinstance(message, UnsubscribeRequest)
    ]


def test_a_mail_costs_next_to_nothing(program: Program) -> None:
    """With a kept configuration no library is imported, and few modules of the standard one."""
    warm(program)
    modules = imported(program)
    assert "bouncehandler.unsubscribe.maildrop" in modules
    heavy = {
        "click",
        "pydantic",
        "structlog",
        "sqlite3",
        "email",
        "json",
        "typing",
        "pathlib",
        "tomllib",
        "dataclasses",
        "tenacity",
    }
    assert modules & heavy == set()


def test_only_the_user_can_read_what_is_kept(program: Program) -> None:
    """It holds secrets: the file and its folder are the user's alone, for any umask."""
    before = os.umask(0)
    try:
        file = warm(program)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_change_is_seen_at_once(program: Program) -> None:
    """A file of the same size, in the same place and with its time set back, is another configuration all the same."""
    warm(program)
    at = program.config.stat()
    with program.config.open("r+") as file:
        text = file.read()
        file.seek(0)
        file.write(text.replace("news", "sale"))
    os.utime(program.config, ns=(at.st_atime_ns, at.st_mtime_ns))
    assert program.config.stat().st_size == at.st_size
    assert send(program).status == 0
    assert providers(program) == ["sale"]


def test_changes_one_after_another_are_each_seen(program: Program) -> None:
    """Within the same second, and faster than a file system's clock may tick, the last change counts."""
    warm(program)
    expected = []
    for number in range(6):
        name = f"news{number}"
        expected.append(name)
        configure(program, PROVIDER.replace("news", name), BY_IDS.replace("news", name))
        assert send(program).status == 0
    assert providers(program) == expected


def test_a_configuration_that_was_broken_since_waits(program: Program) -> None:
    """The old one is not used instead; once mended, mail goes on."""
    warm(program)
    good = program.config.read_text()
    program.config.write_text(good + "[[unsubscribe]]\n")
    finished = send(program)
    assert finished.status == 75
    assert "Traceback" not in finished.stderr
    program.config.unlink()
    assert send(program).status == 75
    assert maildrop_messages(program) == []
    program.config.write_text(good)
    assert send(program).status == 0


def test_a_rotated_secret_is_seen(program: Program) -> None:
    """A secret's file counts as the configuration does: its new content holds from the next mail on."""
    key = program.folder / "key"
    key.write_text(SECRET)
    configure(program, PROVIDER, BY_IDS, BY_SIGNATURE.replace(f'secret = "{SECRET}"', 'secret_file = "key"'))
    warm(program)
    assert send(program, to=signed()).status == 0
    key.write_text(SECRET[::-1])
    assert send(program, to=signed()).status == 67
    key.unlink()
    assert send(program, to=signed()).status == 75


def test_the_old_secret_is_taken(program: Program) -> None:
    """While `old_secret` is there its tokens are good, and not a mail longer; kept or not kept."""
    rotated = BY_SIGNATURE.replace(SECRET, SECRET[::-1])
    configure(program, PROVIDER, BY_IDS, rotated, f'old_secret = "{SECRET}"\n')
    assert send(program, to=signed()).status == 0
    warm(program)
    assert send(program, to=signed()).status == 0
    configure(program, PROVIDER, BY_IDS, rotated)
    assert send(program, to=signed()).status == 67


def test_the_environment_counts(program: Program) -> None:
    """A variable that changes the configuration is seen, and its value is not written down."""
    warm(program)
    other = {"BOUNCEHANDLER_SPOOL__URL": f"sqlite:///{program.folder}/other.db", "BOUNCEHANDLER_LOG__LEVEL": "error"}
    for _ in range(3):
        with program.start("unsubscribe", "--from", "", "--to", IDS, environ=other) as running:
            running.write(MAIL)
            assert running.finish().status == 0
    assert len(list((program.folder / "other.maildrop").iterdir())) == 3
    assert maildrop_messages(program) == []
    assert all("BOUNCEHANDLER_SPOOL__URL" not in file.read_text() for file in cache_files(program))


@pytest.mark.parametrize("place", ["cache", "home"])
def test_nowhere_to_keep_it(program: Program, place: str) -> None:
    """Where the cache folder can't be made or written, each mail reads the configuration itself."""
    if place == "cache":
        (program.folder / ".cache").write_text("a file, where the folder would be")
        environ = {"HOME": str(program.folder)}
    else:
        environ = {"HOME": str(program.folder / "none" / "\udcff"), "XDG_CACHE_HOME": "/proc/none"}
    for _ in range(2):
        with program.start("unsubscribe", "--from", "", "--to", IDS, environ=environ) as running:
            running.write(MAIL)
            assert running.finish().status == 0
    assert len(maildrop_messages(program)) == 2
    assert cache_files(program) == []


def test_no_home(program: Program) -> None:
    """PowerMTA may set no HOME; the folder is then the one that XDG_CACHE_HOME names."""
    environ = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(program.folder / "caches")}
    command = [*SCRIPT, "--config", str(program.config), "unsubscribe", "--from", "", "--to", IDS]
    for _ in range(2):
        subprocess.run(command, input=MAIL, env=environ, timeout=LONGEST, check=True)
    assert len(maildrop_messages(program)) == 2
    assert list((program.folder / "caches" / "bouncehandler").iterdir())


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\0" * 300,
        b"bouncehandler unsubscribe cache 1\n",
        b"half",
        b"level",
        b"tabs",
    ],
)
def test_a_damaged_file_is_ignored(program: Program, damage: bytes) -> None:
    """With any damaged content the configuration is read instead, and cached again."""
    file = warm(program)
    whole = file.read_bytes()
    made = {
        b"half": whole[: len(whole) // 2],
        b"level": whole.replace(b"log\tinfo", b"log\tloud"),
        b"tabs": whole.replace(b"\t", b"\t\t"),
    }
    file.write_bytes(made.get(damage, damage))
    assert send(program).status == 0
    assert len(maildrop_messages(program)) == 1
    assert file.read_bytes() == whole


@pytest.mark.parametrize("where", ["file", "folder", "link"])
def test_what_another_user_may_write_is_ignored(program: Program, where: str) -> None:
    """A file or a folder that others may write, or a link to elsewhere, is not believed."""
    file = warm(program)
    false = file.read_bytes().replace(b"\tnews\t", b"\tevil\t")
    assert b"evil" in false
    if where == "link":
        (program.folder / "elsewhere").write_bytes(false)
        file.unlink()
        file.symlink_to(program.folder / "elsewhere")
    else:
        file.write_bytes(false)
        (file if where == "file" else file.parent).chmod(0o722)
    assert send(program).status == 0
    assert providers(program) == ["news"]


def test_the_system_file_is_the_settings() -> None:
    """The file that is read without --config is the same, with and without a kept configuration."""
    assert str(SYSTEM_FILE) == config_cache.SYSTEM_FILE
    assert config_cache.config_file(None, {}) == str(SYSTEM_FILE)


def test_a_change_too_young_to_be_distinguished_is_not_kept() -> None:
    """A file that changed just now may change again and look the same; where times are whole seconds, for longer."""
    state = {"x": "1 2 1000000000500000000 1000000000500000000", "gone": ""}
    coarse = {"x": "1 2 1000000000000000000 1000000000000000000"}
    assert not config_cache.are_settled(state, now_ns=1000000000600000000)
    assert config_cache.are_settled(state, now_ns=1000000000600000001)
    assert not config_cache.are_settled(coarse, now_ns=1000000001900000000)
    assert config_cache.are_settled(coarse, now_ns=1000000002000000001)

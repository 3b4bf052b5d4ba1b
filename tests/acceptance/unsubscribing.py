"""An installation that takes List-Unsubscribe mail, mails for it, and the messages it kept."""

import time
from pathlib import Path

from bouncehandler.unsubscribe.maildrop_reader import UnsubscribeMessage, read_messages
from bouncehandler.unsubscribe.tokens import unsubscribe_address
from tests.acceptance.harness import SCRIPT, Finished, Program
from tests.fakes.server import wait_until

SECRET = "6a1c5f0e6a1c5f0e6a1c5f0e6a1c5f0e"
IDS = "gh890ij123kl4.ab123cd456ef7.mn567op890qr1@fbl-unsub.example.com"
SIGNING = "unsubscribe.example.com"
PROVIDER = """
[providers.news]
type = "mailwizz"
url = "https://lists.example.com/api"
api_key = "0123456789abcdef0123456789abcdef01234567"
"""
BY_IDS = """
[[unsubscribe]]
domain = "fbl-unsub.example.com"
pattern = "{subscriber}.{list}.{campaign}"
provider = "news"
"""
BY_SIGNATURE = f"""
[[unsubscribe]]
domain = "{SIGNING}"
secret = "{SECRET}"
"""
MAIL = b"From: Jane <jane@example.com>\r\nSubject: unsubscribe\r\nMessage-ID: <1@example.com>\r\n\r\nPlease.\r\n"


def installation(folder: Path, *tables: str) -> Program:
    """One with these tables of configuration, without any with a domain for ids and one that signs."""
    program = Program(folder, SCRIPT)
    configure(program, *(tables or (PROVIDER, BY_IDS, BY_SIGNATURE)))
    return program


def configure(program: Program, *tables: str) -> None:
    """Write the configuration anew."""
    program.config.write_text("".join((f'[spool]\nurl = "sqlite:///{program.spool}"\n', *tables)), "utf-8")


def signed(recipient: str = "jane@example.com", **more: int) -> str:
    """An address that the installation has signed."""
    return unsubscribe_address(recipient, domain=SIGNING, secret=SECRET, **more)


def send(program: Program, mail: bytes = MAIL, *more: str, to: str = IDS, sender: str = "jane@example.com") -> Finished:
    """Hand the program a mail as PowerMTA does."""
    return program.feed(mail, "unsubscribe", "--from", sender, "--to", to, *more)


def folder_of(program: Program) -> Path:
    """Return the maildrop."""
    return program.folder / "spool.maildrop"


def maildrop_messages(program: Program) -> list[UnsubscribeMessage]:
    """Messages that a running instance would find."""
    return list(read_messages(folder_of(program), now=time.time()))


def cache_files(program: Program) -> list[Path]:
    """The configurations that are kept in the user's cache folder."""
    return list((program.folder / ".cache" / "bouncehandler").glob("*"))


def warm(program: Program) -> Path:
    """Send mails until the configuration is kept, and forget them; returns the file that keeps it."""
    wait_until(lambda: send(program).status == 0 and bool(cache_files(program)))
    for message in folder_of(program).iterdir():
        message.unlink()
    (file,) = cache_files(program)
    return file

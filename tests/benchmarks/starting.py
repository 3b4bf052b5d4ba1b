"""Starting: what it costs to start the program, and to keep one List-Unsubscribe mail, against `python -c pass`."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median

from bouncehandler.unsubscribe.tokens import unsubscribe_address
from tests.benchmarks.corpus import HEADER
from tests.benchmarks.measurement import Bar, Effort, Measurement, alternate, ratios
from tests.benchmarks.program import COMMAND, SECRET, configure, environment

_ROUNDS = {Effort.QUICK: 1, Effort.USUAL: 15, Effort.FULL: 30}
_MAILS = {Effort.QUICK: 1, Effort.USUAL: 40, Effort.FULL: 100}
_SCRIPT = str(Path(sys.executable).with_name("bouncehandler"))
"""The console script, which is what PowerMTA starts."""
_BARE = (sys.executable, "-c", "pass")
_KEEPING = Bar(2.5, is_floor=False)
_MAIL = b"From: Jane <jane@example.com>\r\nSubject: unsubscribe\r\nMessage-ID: <1@example.com>\r\n\r\nPlease.\r\n"
_KEY = "6a1c5f0e6a1c5f0e6a1c5f0e6a1c5f0e"
_DOMAINS = f"""
[[unsubscribe]]
domain = "fbl-unsub.example.com"
pattern = "{{subscriber}}.{{list}}.{{campaign}}"
provider = "hook"
[[unsubscribe]]
domain = "unsubscribe.example.com"
secret = "{_KEY}"
"""


def measure(effort: Effort, folder: Path) -> Iterator[Measurement]:
    """The bare command on a header alone, without and with a provider, `--version` and `status`; then `unsubscribe`."""
    (folder / "alone").mkdir()
    alone = configure(folder / "alone")
    served = configure(folder, type="webhook", url="http://127.0.0.1:9/", secret=SECRET)
    commands = {
        "--version": [*COMMAND, "--version"],
        "a header alone, no provider": [*COMMAND, "--config", str(alone)],
        "a header alone, a webhook": [*COMMAND, "--config", str(served)],
        "status": [*COMMAND, "--config", str(served), "status"],
    }
    sides = [partial(_seconds, command) for command in (_BARE, *commands.values())]
    for side in sides:
        side()  # so that none pays for what the others find in the page cache
    yardstick, *ours = alternate(_ROUNDS[effort], *sides)
    for what, seconds in zip(commands, ours, strict=True):
        speeds = f"{median(seconds) * 1000:.0f} ms; python -c pass {median(yardstick) * 1000:.0f} ms"
        yield Measurement(what, ratios(seconds, yardstick), "times python -c pass", None, speeds)
    (folder / "mail").mkdir()
    yield from _keeping(effort, folder / "mail")


def _keeping(effort: Effort, folder: Path) -> Iterator[Measurement]:
    """`unsubscribe`, from its start until its end, when the mail is on disk; each mail after the first."""
    config = configure(folder, type="webhook", url="http://127.0.0.1:9/", secret=SECRET)
    with config.open("a", encoding="utf-8") as file:
        file.write(_DOMAINS)
    addresses = {
        "a mail kept, ids": "gh890ij123kl4.ab123cd456ef7.mn567op890qr1@fbl-unsub.example.com",
        "a mail kept, signed": unsubscribe_address("jane@example.com", domain="unsubscribe.example.com", secret=_KEY),
    }
    command = (_SCRIPT, "unsubscribe", "--config", str(config), "--from", "jane@example.com", "--to")
    sides = [partial(_kept, one, folder) for one in (_BARE, *((*command, to) for to in addresses.values()))]
    while not list(folder.glob("cache/*/*")):  # a configuration that changed just now is not kept yet
        sides[-1]()
    yardstick, *ours = alternate(_MAILS[effort], *sides)
    for what, seconds in zip(addresses, ours, strict=True):
        speeds = f"{median(seconds) * 1000:.1f} ms; python -c pass {median(yardstick) * 1000:.1f} ms"
        yield Measurement(what, ratios(seconds, yardstick), "times python -c pass", _KEEPING, speeds)


def _environment() -> dict[str, str]:
    """With the modules compiled, as an installer leaves them: so the tests' environment must not forbid it."""
    return {name: value for name, value in environment().items() if name != "PYTHONDONTWRITEBYTECODE"}


def _kept(command: Sequence[str], folder: Path) -> float:
    environ = _environment() | {"XDG_CACHE_HOME": os.fspath(folder / "cache")}
    started = time.perf_counter()
    subprocess.run(command, input=_MAIL, check=True, capture_output=True, env=environ)
    return time.perf_counter() - started


def _seconds(command: Sequence[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, input=HEADER.encode(), check=True, capture_output=True, env=_environment())
    return time.perf_counter() - started

"""The program as benchmarks drive it: configuration, command line, and dispatcher over a spool that is filled."""

import json
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

from bouncehandler.logs import get_logger
from bouncehandler.record import Bounce, parse_address
from bouncehandler.runtime.build_dispatcher import build_dispatcher
from bouncehandler.settings import load
from bouncehandler.spool import QueuedSuppression
from bouncehandler.spool.url import open_spool
from bouncehandler.suppression import Suppression
from tests.benchmarks.corpus import ORIGINATORS

PROVIDER = "hook"
"""The name of the only provider."""
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
COMMAND = (sys.executable, "-m", "bouncehandler")
"""The program, as the tests' interpreter starts it."""
_GROUP = 20_000
"""Suppressions that are recorded together."""


def configure(folder: Path, **provider: object) -> Path:
    """Write a configuration with a spool in `folder`, and with a provider if any of its keys are given."""
    return write_configuration(folder / "bouncehandler.toml", PROVIDER, provider)


def write_configuration(file: Path, name: str, provider: Mapping[str, object]) -> Path:
    """The same into a named file, with a named provider: its spool is `spool.db` beside it."""
    table = {"originators": list(ORIGINATORS), **provider} if provider else {}
    lines = ["[spool]", f"url = {json.dumps(f'sqlite:///{file.parent}/spool.db')}"]
    lines += [f"[providers.{name}]"] if table else []
    lines += [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def environment() -> dict[str, str]:
    """This process's environment, without settings for the program."""
    return {name: value for name, value in os.environ.items() if not name.startswith("BOUNCEHANDLER_")}


def suppressions(count: int) -> list[Suppression]:
    """Distinct ones, as the reader and the policy make them of bounces."""
    return [suppression(number) for number in range(count)]


def suppression(number: int) -> Suppression:
    """One of them."""
    recipient = parse_address(f"jane.roe{number:x}@mail.example")
    if recipient is None:
        raise RuntimeError("the benchmark's own address is none")
    bounce = Bounce("b", recipient, originator=f"b-{number:x}@bounce.example.com", category="bad-mailbox")
    diagnostic = f"smtp;550 5.1.1 <{recipient}>: rejected: no such user here"
    rule = 'policy.bounce.bad-mailbox = "suppress"'
    return Suppression(
        bounce.id, recipient, "bounce", rule, "b", "bad-mailbox", "5.1.1", diagnostic, bounce.originator, "spring"
    )


def dispatch(config: Path, work: Sequence[Suppression]) -> float:
    """Put the suppressions into the spool, then return the dispatcher's seconds until all are carried out."""
    enqueue(config, work)
    return carry_out(config, len(work))


def enqueue(config: Path, work: Iterable[Suppression]) -> None:
    """Put the suppressions into the spool, due at once, in groups as large as fit well into memory."""
    with closing(open_spool(load(config, {}).spool.url)) as spool:
        left = iter(work)
        while some := list(islice(left, _GROUP)):
            spool.record([QueuedSuppression(one, (PROVIDER,)) for one in some])


def carry_out(config: Path, count: int) -> float:
    """The seconds that the dispatcher takes for what is due, which must be `count` dispatches.

    It is built as the commands build it: its threads, its clients, what it claims and settles in the spool and
    what it logs are in the seconds.
    """
    settings = load(config, {})
    spool = open_spool(settings.spool.url)
    dispatcher = build_dispatcher(settings, spool, get_logger(), lambda: None)
    started = time.perf_counter()
    dispatcher.start()
    dispatcher.drain()
    while not dispatcher.wait(1.0):
        pass
    seconds = time.perf_counter() - started
    spool.close()
    done = dispatcher.counters[PROVIDER].done
    if done != count:
        raise RuntimeError(f"{done} of {count} dispatches were carried out: {dispatcher.failure}")
    return seconds

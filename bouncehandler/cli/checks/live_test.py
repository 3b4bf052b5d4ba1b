"""`check --send`: a bounce of an address that the operator names goes the whole way, to the list managers and back."""

import sys
import time
from collections.abc import Iterator
from contextlib import closing

import click

from bouncehandler.cli.checks.finding import CheckResult, fail, ok, wait, warn
from bouncehandler.cli.checks.synthetic_rows import rows_for
from bouncehandler.cli.exits import CONFIGURATION, OK, TRY_AGAIN, USAGE, CommandError, exit_code_for_errors
from bouncehandler.cli.session import Session
from bouncehandler.ingest.counters import IngestCounters
from bouncehandler.ingest.pipeline import IngestPipeline
from bouncehandler.ingest.ports import IngestContext
from bouncehandler.ingest.rejected_file import RejectedFile
from bouncehandler.record import parse_address
from bouncehandler.runtime.build_dispatcher import build_dispatcher
from bouncehandler.runtime.build_pipeline import build_policy, build_reader, build_suppression_builder
from bouncehandler.runtime.shutdown import POLL_INTERVAL, ShutdownSignal, shutdown_gracefully
from bouncehandler.spool import HistoryEvent, Spool
from bouncehandler.spool.url import open_spool

_TIMEOUT = 60.0
"""Seconds for all providers together."""
_SOON = 0.2
"""Seconds between two looks at what another instance is doing."""


def send(session: Session, address: str, *, is_sure: bool) -> Iterator[CheckResult]:
    """Send a synthetic bounce of the address through, and report the result at each provider.

    The bounce is neither held nor counted for a spike: it is no evidence of anything.

    Raises:
        CommandError: it is no address, no provider is configured, one is held, or the operator declines.
    """
    recipient = parse_address(address)
    if recipient is None:
        raise CommandError(f"{address!r} is no address: name a test subscriber of yours", USAGE)
    if not session.settings.providers:
        raise CommandError("no provider is configured: add a [providers.NAME] table", CONFIGURATION)
    spool = _spool(session)
    with closing(spool), exit_code_for_errors():
        _ensure_ready(session, spool)
        _ask(session, spool, recipient, is_sure=is_sure)
        yield from _run(session, spool, recipient)


def _spool(session: Session) -> Spool:
    with exit_code_for_errors(CONFIGURATION):
        return open_spool(session.settings.spool.url)


def _ensure_ready(session: Session, spool: Spool) -> None:
    for name, state in spool.status().states.items():
        if name in session.settings.providers and state.held:
            raise CommandError(f"{name} is held, so that nothing would be proved: {state.reason}", TRY_AGAIN)


def _ask(session: Session, spool: Spool, recipient: str, *, is_sure: bool) -> None:
    if is_sure:
        return
    if not (sys.stdin and sys.stdin.isatty()):
        raise click.UsageError(f"--send unsubscribes {recipient} for real: add --yes where no one can be asked")
    names = ", ".join(session.settings.providers)
    click.echo(f"{recipient} will be unsubscribed for real, at {names}.", err=True)
    waiting = spool.status().dispatches.pending
    if waiting:
        click.echo(
            f"{waiting:,} other dispatches wait in the spool: what of them is due is dispatched as well.", err=True
        )
    if not click.confirm("Go on?", err=True):
        raise CommandError("nothing was done", OK)


def _run(session: Session, spool: Spool, recipient: str) -> Iterator[CheckResult]:
    began = time.time()
    tally, senders = _read(session, spool, recipient)
    if not tally.suppressed:
        yield fail("send", _not_suppressed(tally))
        return
    if tally.duplicates:
        yield wait("send", "the same bounce was sent in this second: try again")
        return
    text = f"read, suppressed, and on disk; the bounce is marked as a test, sent by {' and '.join(senders)}"
    yield ok("send", f"{recipient}: {text}")
    _dispatch(session, spool, recipient, began)
    happened = [one for one in spool.history(recipient) if one.provider and _is_news(one, began)]
    for name in session.settings.providers:
        state = spool.state(name)
        if state.held:
            yield fail(f"provider {name}", f"is held now, and the bounce waits with it: {state.reason}")
        else:
            yield _provider(name, [one for one in happened if one.provider == name])
    yield ok("send", f"`bouncehandler undo --address {recipient}` takes it back")


def _read(session: Session, spool: Spool, recipient: str) -> tuple[IngestCounters, list[str]]:
    settings = session.settings
    rows, senders = rows_for(recipient, settings, time.time())
    unheld = settings.model_copy(update={"hold": settings.hold.model_copy(update={"enabled": False})})
    intake = IngestPipeline(
        build_reader(settings),
        IngestContext(
            policy=build_policy(settings),
            builder=build_suppression_builder(unheld),
            spool=spool,
            log=session.log,
            clock=time.time,
        ),
        RejectedFile(session.paths.rejected),
    )
    intake.feed(rows)
    intake.close()
    return intake.tally(), senders


def _not_suppressed(tally: IngestCounters) -> str:
    rules = [*tally.ignored, *tally.counted]
    if rules:
        return f"policy makes nothing of a bad-mailbox bounce with status 5.1.1, by {rules[0]}: see [policy]"
    return f"the bounce could not be read ({', '.join(tally.unreadable) or 'nothing came'}): see [columns]"


def _dispatch(session: Session, spool: Spool, recipient: str, began: float) -> None:
    """Dispatch until every provider has been called, by whichever instance, or time is up."""
    stop = ShutdownSignal()
    stop.listen()
    deadline = time.monotonic() + _TIMEOUT
    dispatcher = build_dispatcher(session.settings, spool, session.log, stop.request)
    dispatcher.start()
    dispatcher.drain()
    while not (stop.is_requested or dispatcher.wait(POLL_INTERVAL)) and time.monotonic() < deadline:
        pass
    shutdown_gracefully(dispatcher, session.settings.dispatch.grace)
    while not (stop.is_requested or _is_settled(session, spool, recipient, began)) and time.monotonic() < deadline:
        time.sleep(_SOON)


def _is_settled(session: Session, spool: Spool, recipient: str, began: float) -> bool:
    """Whether no dispatch is under way, at another instance perhaps."""
    known = [one for one in spool.history(recipient) if one.provider in session.settings.providers]
    return all(one.event != "waits (claimed)" for one in known) or not any(_is_news(one, began) for one in known)


def _is_news(one: HistoryEvent, began: float) -> bool:
    """Whether the event is new; a dispatch that waits stands at its due time, which may lie ahead."""
    return one.at >= began or one.event.startswith("waits")


def _provider(name: str, happened: list[HistoryEvent]) -> CheckResult:
    text = "; ".join(" ".join(filter(None, (one.event, one.detail.strip()))) for one in happened)
    events = {one.event.partition(":")[0] for one in happened}
    what = f"provider {name}"
    if not happened:
        return fail(what, "does not want the bounce: see `originators`")
    if "given up" in events:
        return fail(what, f"refused it: {text}")
    if "done" in events and "call" not in events:
        sentence = f"not called again so soon after it was unsubscribed there ([dispatch] repeat_after): {text}"
        return warn(what, sentence)
    if "done" in events:
        return ok(what, text)
    return wait(what, f"not done yet, and tried again by the running instance or `work`: {text}")

"""`bouncehandler status`: show the numbers of the spool."""

import json
import time
from collections.abc import Iterator

import click

from bouncehandler.cli.exits import OK, exit_code_for_errors
from bouncehandler.cli.options import GlobalOptions, global_options
from bouncehandler.cli.output.tables import printable
from bouncehandler.cli.output.watch import watch
from bouncehandler.cli.param_types import INTERVAL
from bouncehandler.cli.session import Session, open_session
from bouncehandler.durations import format_duration
from bouncehandler.runtime.run_summary import moment
from bouncehandler.spool import Counts, ProviderState, Status
from bouncehandler.unsubscribe import maildrop_reader

_STATES = ("pending", "claimed", "held", "done", "dead")
_ALARMING = {"held": "yellow", "dead": "red"}


@click.command("status", short_help="Show what waits, was done, or is dead, by provider.")
@click.option("--json", "as_json", is_flag=True, help="For programs: one JSON object.")
@click.option(
    "--watch",
    "every",
    type=INTERVAL,
    is_flag=False,
    flag_value="2",
    metavar="[SECONDS]",
    help="Show it again every 2 seconds, or so many, until Ctrl-C.",
)
@global_options
def command(options: GlobalOptions, *, as_json: bool, every: float | None) -> int:
    """Show how many dispatches wait, were done, or are dead, by provider; and which providers are held, and why.

    `letters` are List-Unsubscribe mails that no running instance has taken yet; `notices` wait for the postmaster. A
    held provider's dispatches count as pending. `oldest_pending_seconds` is null when nothing waits.

    --watch draws over what it showed before; where standard output is no terminal it appends, and with --json that is
    one object a line.
    """
    session = open_session(options)
    spool = session.open_spool()

    def shown() -> list[str]:
        with exit_code_for_errors():
            return _shown(session, spool.status(), as_json=as_json)

    if every is None:
        click.echo("\n".join(shown()))
    else:
        watch(
            lambda: shown() if as_json else [*_beginning(every), *shown()],
            every,
            options.color,
            is_for_programs=as_json,
        )
    return OK


def _beginning(every: float) -> Iterator[str]:
    yield f"{moment(time.time())}, every {format_duration(every)}; Ctrl-C ends it"


def _shown(session: Session, status: Status, *, as_json: bool) -> list[str]:
    unread = maildrop_reader.count_messages(session.paths.maildrop)
    names = [
        *session.settings.providers,
        *(name for name in status.providers if name not in session.settings.providers),
    ]
    if as_json:
        return [json.dumps(_object(status, names) | {"letters": unread})]
    return [*_lines(status, names, set(session.settings.providers)), *_mail(status, unread)]


def _object(status: Status, names: list[str]) -> dict[str, object]:
    return {
        "suppressions": status.suppressions,
        "dispatches": _counts(status.dispatches),
        "providers": {name: _counts(status.providers.get(name, Counts())) | _state(status, name) for name in names},
        "oldest_pending_seconds": _age(status.oldest_pending_at),
        "last_recorded_seconds": _age(status.last_recorded_at),
        "notices": status.notices,
    }


def _counts(counts: Counts) -> dict[str, object]:
    return {state: getattr(counts, state) for state in _STATES}


def _state(status: Status, name: str) -> dict[str, object]:
    state = status.states.get(name, ProviderState())
    return {"state": "held" if state.held else "ok", "reason": state.reason if state.held else None}


def _age(at: float | None) -> float | None:
    return None if at is None else round(max(0.0, time.time() - at), 1)


def _lines(status: Status, names: list[str], configured: set[str]) -> Iterator[str]:
    last = f", the last recorded {_ago(status.last_recorded_at)}" if status.last_recorded_at else ""
    yield f"{status.suppressions:,} suppression{'' if status.suppressions == 1 else 's'}{last}"
    width = max(map(len, names), default=0)
    for name in names:
        counts = status.providers.get(name, Counts())
        numbers = ", ".join(_number(getattr(counts, state), state) for state in _STATES)
        yield f"{name:{width}}  {numbers}{'' if name in configured else '  (no longer configured)'}"
        state = status.states.get(name, ProviderState())
        if state.held:
            since = f" since {moment(state.since)}" if state.since else ""
            yield f"{'':{width}}  {click.style('held', fg='yellow')}{since}: {printable(state.reason)}"
        elif name in status.next_due_at:
            yield f"{'':{width}}  next attempt {moment(status.next_due_at[name])}"
    if not names:
        yield "no provider is configured: suppressions are recorded, nothing is dispatched"
    if status.oldest_pending_at:
        yield f"the oldest dispatch that waits was recorded {_ago(status.oldest_pending_at)}"


def _number(count: int, state: str) -> str:
    text = f"{count:,} {state}"
    return click.style(text, fg=_ALARMING[state]) if count and state in _ALARMING else text


def _mail(status: Status, unread: int) -> Iterator[str]:
    if unread:
        what = "mail waits" if unread == 1 else "mails wait"
        yield f"{unread:,} List-Unsubscribe {what} for a running instance"
    if status.notices:
        yield f"{status.notices:,} notice{'' if status.notices == 1 else 's'} to the postmaster not sent yet"


def _ago(at: float) -> str:
    return f"{format_duration(int(time.time() - at)) if at < time.time() else '0s'} ago"

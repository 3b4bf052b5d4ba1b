"""`bouncehandler undo`: take back suppressions, and restore subscriptions where the list manager can."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

import click

from bouncehandler import plugins
from bouncehandler.cli.exits import OK, exit_code_for_errors
from bouncehandler.cli.filters import filter_options
from bouncehandler.cli.options import GlobalOptions, global_options
from bouncehandler.cli.output.tables import Row, format_option, write
from bouncehandler.cli.session import Session, login, open_session
from bouncehandler.provider import Reversible
from bouncehandler.spool import Selection, Undone

_COLUMNS = ("recipient", "provider", "what", "detail")

_OUTCOMES = {
    "restoring": "to be restored",
    "withdrawn": "withdrawn before a call",
    "nothing": "where nothing had been changed",
    "kept": "kept as they are",
    "impossible": "that can't be restored",
}
"""Texts of the summary, in their order."""


@click.command("undo", short_help="Take back suppressions, and restore subscriptions.")
@click.option("--provider", help="At this provider alone; elsewhere they stay suppressed.")
@click.option("--force", "forced", is_flag=True, help="Also a complaint or an unsubscribe request; with --recipient.")
@click.option("--all", "everything", is_flag=True, help="Everything, where no option selects.")
@click.option("--dry-run", "is_dry", is_flag=True, help="Show what would be done, and do nothing.")
@click.option("--yes", "is_sure", is_flag=True, help="Don't ask.")
@format_option
@filter_options(by_evidence=True)
@global_options
def command(  # noqa: PLR0913  # one parameter an option
    options: GlobalOptions,
    form: str,
    selection: Selection,
    *,
    forced: bool,
    everything: bool,
    is_dry: bool,
    is_sure: bool,
) -> int:
    """Take back the selected suppressions, and restore the lists that this program changed for them, and no others.

    Calls not made yet are withdrawn. A recipient who is suppressed for something else as well is not restored.
    Complaints and unsubscribe requests stay, unless forced one by one. The calls are made by the running instance, or
    by `bouncehandler work`, and tried again like any other.
    """
    selection = _checked(selection, forced=forced, everything=everything)
    session = open_session(options)
    with exit_code_for_errors():
        spool = session.open_spool()
        undo = partial(spool.undo, selection, restoring=_restoring(session), asked_by=login(), forced=forced)
        if not (is_dry or is_sure) and sys.stdin and sys.stdin.isatty():
            click.echo(_summary(Counter(one.what for one in undo(is_dry=True)), "would be"))
            if not click.confirm("Undo this?"):
                return OK
        counts: Counter[str] = Counter()
        write(_counted(undo(is_dry=is_dry), counts), _COLUMNS, form)
    if form == "table":
        click.echo(_summary(counts, "would be" if is_dry else "are"))
    return OK


def _checked(selection: Selection, *, forced: bool, everything: bool) -> Selection:
    if everything == (selection != Selection()):
        raise click.UsageError("select what to undo (see `bouncehandler undo --help`), or give --all alone")
    if forced and selection.recipient is None:
        raise click.UsageError("--force goes with --recipient: what people asked for is undone one by one")
    return replace(selection, is_undone=None)  # what was undone may be restorable by now


def _restoring(session: Session) -> frozenset[str]:
    providers = session.settings.providers.items()
    return frozenset(name for name, section in providers if isinstance(plugins.build(name, section), Reversible))


def _counted(undone: Iterable[Undone], counts: Counter[str]) -> Iterator[Row]:
    for one in undone:
        counts[one.what] += 1
        yield {"recipient": one.subject, "provider": one.provider, "what": one.what, "detail": one.detail}


def _summary(counts: Counter[str], verb: str) -> str:
    parts = [f"{counts[what]} {text}" for what, text in _OUTCOMES.items() if counts[what]]
    return f"{verb} undone: " + ", ".join(parts) if parts else "nothing to undo"

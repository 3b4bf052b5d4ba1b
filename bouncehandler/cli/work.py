"""`bouncehandler work`: dispatch what the spool holds, until stopped."""

import os

import click

from bouncehandler.cli.exits import CONFIGURATION, OK, CommandError, explained
from bouncehandler.cli.options import Common, common
from bouncehandler.cli.report import waiting_at
from bouncehandler.cli.run import stop_in_good_order
from bouncehandler.cli.session import begin
from bouncehandler.cli.stop import Stop

_LOOK = 0.2
"""Seconds between two looks whether a signal came."""


@click.command("work")
@common
def command(options: Common) -> int:
    """Dispatch what the spool holds, until stopped.

    For installations whose pipe runs with --no-dispatch, and to carry on after a run that exited 75. Several may work
    on one spool. SIGTERM and SIGINT stop it: calls in flight are given 10 seconds.
    """
    session = begin(options, dict(os.environ))
    if not session.settings.providers:
        raise CommandError("no provider is configured: add a [providers.NAME] table", CONFIGURATION)
    stop = Stop()
    stop.listen()
    spool = session.open_spool()
    crew = session.build_crew(spool, stop.request)
    with explained():
        session.log.info("working", providers=list(session.settings.providers))
        crew.start()
        while not stop.is_requested:
            crew.wait(_LOOK)
        stop_in_good_order(crew, session.settings.dispatch.grace)
        if crew.failure:
            raise crew.failure
        waiting = waiting_at(spool, session.settings, crew)
    numbers = {
        name: {"done": tally.done, "waiting": waiting[name].count, "dead": tally.dead}
        for name, tally in crew.tallies.items()
    }
    session.log.info("finished", providers=numbers)
    return OK

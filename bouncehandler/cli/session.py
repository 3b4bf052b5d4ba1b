"""What the commands have in common: settings, log, spool, and the crew that serves the providers."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from structlog.typing import FilteringBoundLogger

from bouncehandler import logs
from bouncehandler.cli.exits import CONFIGURATION, explained
from bouncehandler.cli.options import Common
from bouncehandler.settings import load
from bouncehandler.spool import Spool
from bouncehandler.spool.sqlite import SqliteSpool, path_of

if TYPE_CHECKING:
    from bouncehandler.dispatcher import Crew
    from bouncehandler.settings.model import Settings


@dataclass(frozen=True, slots=True)
class Session:
    """One command's surroundings."""

    options: Common
    settings: "Settings"
    log: FilteringBoundLogger
    on_terminal: bool
    """Whether a person sees stderr."""

    @property
    def spool_path(self) -> Path:
        """The spool's file."""
        return path_of(self.settings.spool.url)

    @property
    def rejected_path(self) -> Path:
        """Where rows are kept that can't be read: beside the spool, `spool.db` has `spool.rejected.csv`."""
        return self.spool_path.with_suffix(".rejected.csv")

    @property
    def says_each_row(self) -> bool:
        """Whether the log takes a line for every row read."""
        return self.options.debug or self.settings.log.level == "debug"

    def open_spool(self) -> SqliteSpool:
        """The spool, created or migrated where needed."""
        with explained(spool_status=CONFIGURATION):
            return SqliteSpool.open(self.settings.spool.url)

    def build_crew(self, spool: Spool, on_failure: Callable[[], None]) -> "Crew":
        """A lane for every configured provider, not started yet."""
        from bouncehandler.cli.crew import build_crew  # noqa: PLC0415  # imports are lazy at the edges

        with explained():
            return build_crew(self.settings, spool, self.log, on_failure)


def begin(options: Common, environ: "dict[str, str]", *, quiet: bool = False) -> Session:
    """Read the configuration and start the log.

    Args:
        quiet: on a terminal log only what somebody has to look at, since something else is shown there.
    """
    on_terminal = sys.stderr.isatty()
    with explained():
        settings = load(options.config, environ)
        logs.configure(
            logfile=options.logfile,
            debug=options.debug,
            addresses=settings.log.addresses,
            level="warning" if quiet and on_terminal and not options.logfile else settings.log.level,
            stream=sys.stderr,
            stream_is_terminal=on_terminal,
        )
    return Session(options, settings, logs.get_logger(), on_terminal)

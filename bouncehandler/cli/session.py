"""What the commands have in common: settings, log, spool, and the crew that serves the providers."""

import errno
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from structlog.typing import FilteringBoundLogger

from bouncehandler import logs
from bouncehandler.cli import streams
from bouncehandler.cli.exits import CONFIGURATION, OK, TRY_AGAIN, CommandError, explained
from bouncehandler.cli.options import Common
from bouncehandler.logs.masking import mask_addresses
from bouncehandler.settings import ConfigurationError, load
from bouncehandler.spool import Spool, SpoolError
from bouncehandler.spool.sqlite import SqliteSpool, path_of
from bouncehandler.spool.trouble import primary_code

if TYPE_CHECKING:
    from bouncehandler.dispatcher import Crew
    from bouncehandler.settings.model import Settings


_PASSING = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_PASSING_ERRNO = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE})


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
        try:
            return SqliteSpool.open(self.settings.spool.url)
        except SpoolError as error:
            raise CommandError(str(error), TRY_AGAIN if _is_passing(error) else CONFIGURATION) from error

    def build_crew(self, spool: Spool, on_failure: Callable[[], None]) -> "Crew":
        """A lane for every configured provider, not started yet."""
        from bouncehandler.cli.crew import build_crew  # noqa: PLC0415  # imports are lazy at the edges

        with explained():
            return build_crew(self.settings, spool, self.log, on_failure)

    def finish(self, numbers: Mapping[str, object], failure: CommandError | None) -> int:
        """Log the event `finished`, then return the exit status 0 or raise the failure, addresses masked as in the log.

        Its text repeats what providers said, and in PowerMTA's pipe stderr ends in a log as well.
        """
        status, reason = (failure.status, {"reason": str(failure)}) if failure else (OK, {})
        self.log.info("finished", **numbers, exit_status=status, **reason)
        if failure:
            is_masked = self.settings.log.addresses == "masked"
            raise CommandError(mask_addresses(str(failure)), status) if is_masked else failure
        return status

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Write into the log file, too, why a command fails: in PowerMTA's pipe nobody may be looking at stderr."""
        try:
            yield
        except CommandError as error:
            if self.options.logfile:
                self.log.error("failed", reason=str(error), exit_status=error.status)  # noqa: TRY400  # no bug, no traceback
            raise
        except Exception:
            if self.options.logfile:
                self.log.exception("bug")
            raise


def _is_passing(error: SpoolError) -> bool:
    """Whether time, or room on the disk, mends it: not the configuration."""
    cause = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return primary_code(cause) in _PASSING
    return isinstance(cause, OSError) and cause.errno in _PASSING_ERRNO


def begin(options: Common, environ: "dict[str, str]", *, quiet: bool = False) -> Session:
    """Read the configuration and start the log.

    Args:
        quiet: on a terminal log only what somebody has to look at, since something else is shown there.
    """
    on_terminal = sys.stderr.isatty()
    with explained():
        settings = _settings(options, environ)
        logs.configure(
            logfile=options.logfile,
            debug=options.debug,
            addresses=settings.log.addresses,
            level="warning" if quiet and on_terminal and not options.logfile else settings.log.level,
            stream=cast("TextIO", streams.CurrentStderr()),
            stream_is_terminal=on_terminal,
        )
    return Session(options, settings, logs.get_logger(), on_terminal)


def _settings(options: Common, environ: "dict[str, str]") -> "Settings":
    """The settings; where they can't be had, the log file, which PowerMTA's operator looks at, says why."""
    try:
        return load(options.config, environ)
    except ConfigurationError as error:
        if options.logfile:
            logs.configure(
                logfile=options.logfile, debug=False, addresses="masked", stream=sys.stderr, stream_is_terminal=False
            )
            logs.get_logger().error("failed", reason=str(error), exit_status=CONFIGURATION)
        raise

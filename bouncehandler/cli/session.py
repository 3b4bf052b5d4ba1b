"""Session of a command: options, settings, log and paths."""

import getpass
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO, cast

from bouncehandler import logs
from bouncehandler.cli import streams
from bouncehandler.cli.checks.users import owner
from bouncehandler.cli.exits import CONFIGURATION, OK, CommandError, exit_code_for_errors
from bouncehandler.cli.gc_tuning import tune_gc
from bouncehandler.cli.options import GlobalOptions
from bouncehandler.cli.started import started_values
from bouncehandler.cli.unsubscribe_log import SPARE_LOG
from bouncehandler.redaction import mask_addresses
from bouncehandler.runtime.paths import Paths
from bouncehandler.runtime.spool import open_spool
from bouncehandler.settings import ConfigurationError, load
from bouncehandler.spool import Spool

if TYPE_CHECKING:
    from bouncehandler.settings.model import Settings


@dataclass(frozen=True, slots=True)
class Session:
    """Options, settings, log and paths of one command."""

    options: GlobalOptions
    settings: "Settings"
    log: logs.Logger
    on_terminal: bool
    """Whether stderr is a terminal."""

    @property
    def paths(self) -> Paths:
        """Files beside the spool."""
        return Paths.beside(self.settings.spool.url)

    @property
    def logs_each_row(self) -> bool:
        """Whether the log takes a line for every row read."""
        return self.options.debug or self.settings.log.level == "debug"

    def open_spool(self) -> Spool:
        """Open the spool, created or migrated where needed."""
        with exit_code_for_errors():
            return open_spool(self.settings)

    def log_started(self, mode: str, **more: object) -> None:
        """Log the event `started`, before a row is read, and warnings about the start.

        Args:
            mode: mode of the process, such as `work`.
            more: further values of the event.
        """
        logs.prove_file()
        self.log.info("started", **started_values(self, mode), **more)
        if warning := root_warning(self.paths.spool):
            self.log.warning("running_as_root", reason=warning)

    def finish(self, numbers: Mapping[str, object], failure: CommandError | None) -> int:
        """Log the event `finished`, then return the exit status 0 or raise the failure, addresses masked as in the log.

        Its text may quote providers, and stderr of PowerMTA's pipe ends in a log as well.
        """
        status, reason = (failure.status, {"reason": str(failure)}) if failure else (OK, {})
        self.log.info("finished", **numbers, exit_status=status, **reason)
        if failure:
            is_masked = self.settings.log.addresses == "masked"
            raise CommandError(mask_addresses(str(failure)), status) if is_masked else failure
        return status

    @contextmanager
    def log_failure(self) -> Iterator[None]:
        """Log the error that leaves the block in the log file, if any: stderr of PowerMTA's pipe may be lost."""
        try:
            yield
        except CommandError as error:
            if self.options.logfile:
                self.log.error("failed", reason=str(error), exit_status=error.status)  # noqa: TRY400  # no traceback
            raise
        except Exception:
            if self.options.logfile:
                self.log.exception("internal_error")
            raise


def login() -> str:
    """Login name of the person at the terminal, for the history."""
    name = os.environ.get("SUDO_USER")
    try:
        return name or getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as containers have
        return f"user {os.getuid()}"


def root_warning(spool: Path) -> str:
    """Warning for root, who runs this program on a spool of another user; empty where it does not apply.

    PowerMTA may be configured to run it as root, and containers do: that is right where root owns the folder too, and
    where there is no folder yet, since root makes it, or opening the spool fails with the reason.
    """
    try:
        if os.geteuid() != 0 or spool.parent.stat().st_uid == 0:
            return ""
        name = owner(spool.parent)
    except OSError:
        return ""
    return (
        f"running as root, though {spool.parent} belongs to {name}: let {name} run this program (PowerMTA: "
        f"`run-as-root no`; systemd: `User=`; by hand: `sudo -u`), or give root the folder"
    )


def open_session(
    options: GlobalOptions, *, quiet: bool = False, log_file: Literal["needed", "spared"] = "needed"
) -> Session:
    """Read the configuration and start the log.

    Args:
        quiet: on a terminal log only warnings and errors, since progress is shown there.
        log_file: whether a log file that can't be written is an error ("needed"), or its lines go to stderr and beside
            the spool ("spared"), since the input of the command can't wait.
    """
    on_terminal = sys.stderr.isatty()
    with exit_code_for_errors():
        settings = _settings(options)
        logs.configure(
            logfile=options.logfile,
            debug=options.debug,
            addresses=settings.log.addresses,
            level="warning" if quiet and on_terminal and not options.logfile else settings.log.level,
            stream=cast("TextIO", streams.CurrentStderr()),
            stream_is_terminal=on_terminal,
            spare=Paths.beside(settings.spool.url).spool.with_name(SPARE_LOG) if log_file == "spared" else None,
        )
    tune_gc()
    return Session(options, settings, logs.get_logger(), on_terminal)


def _settings(options: GlobalOptions) -> "Settings":
    """Load the settings; an error goes to the log file, too, where PowerMTA's operator looks for it.

    Raises:
        ConfigurationError: they need mending; where the log can't be written either, the text has both reasons.
    """
    try:
        return load(options.config, os.environ)
    except ConfigurationError as error:
        file, reason = options.logfile, str(error)
        if file is None:
            raise
    try:
        logs.configure(logfile=file, debug=False, addresses="masked", stream=sys.stderr, stream_is_terminal=False)
    except ConfigurationError as error:
        raise ConfigurationError(f"{reason}\n{error}") from None
    logs.get_logger().error("failed", reason=reason, exit_status=CONFIGURATION)
    raise ConfigurationError(reason)

"""What the commands have in common: settings, log, spool, and the crew that serves the providers."""

import getpass
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO, cast

from bouncehandler import logs
from bouncehandler.cli import streams
from bouncehandler.cli.exits import CONFIGURATION, OK, TRY_AGAIN, CommandError, exit_code_for_errors
from bouncehandler.cli.gc_tuning import tune_gc
from bouncehandler.cli.options import GlobalOptions
from bouncehandler.cli.started import started_values
from bouncehandler.cli.unsubscribe_log import SPARE_LOG
from bouncehandler.redaction import mask_addresses
from bouncehandler.settings import ConfigurationError, load
from bouncehandler.spikes import SpikeSettings
from bouncehandler.spool import Spool, SpoolError
from bouncehandler.spool.url import open_spool, path_of

if TYPE_CHECKING:
    from bouncehandler.dispatcher import Dispatcher
    from bouncehandler.runtime.notifier import NotificationService
    from bouncehandler.settings.model import Settings


@dataclass(frozen=True, slots=True)
class Session:
    """One command's surroundings."""

    options: GlobalOptions
    settings: "Settings"
    log: logs.Logger
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

    def open_spool(self) -> Spool:
        """The spool, created or migrated where needed."""
        try:
            hold = self.settings.hold
            return open_spool(
                self.settings.spool.url,
                notices=self._notices,
                spikes=SpikeSettings(minimum=hold.minimum, factor=hold.factor) if hold.enabled else None,
                initial_delay=hold.grace,
            )
        except SpoolError as error:
            raise CommandError(str(error), exit_status(error)) from error

    def build_dispatcher(self, spool: Spool, on_failure: Callable[[], None]) -> "Dispatcher":
        """A lane for every configured provider, not started yet."""
        from bouncehandler.runtime.build_dispatcher import build_dispatcher  # noqa: PLC0415  # imports are lazy at the edges

        with exit_code_for_errors():
            return build_dispatcher(self.settings, spool, self.log, on_failure)

    def build_notifier(self, spool: Spool, on_failure: Callable[[], None]) -> "NotificationService":
        """What sends notices, not started yet."""
        from bouncehandler.runtime.notifier import NotificationService  # noqa: PLC0415  # imports are lazy at the edges
        from bouncehandler.runtime.report_builder import report_renderer  # noqa: PLC0415  # as above

        return NotificationService(
            self.settings.notify, spool, self.log, on_failure, report_renderer(self.settings, spool)
        )

    def log_started(self, mode: str, **more: object) -> None:
        """Log the event `started`, before a row is read, and what a start has to warn of.

        Args:
            mode: What this process does.
            more: Further values of the event.
        """
        logs.prove_file()
        self.log.info("started", **started_values(self, mode), **more)
        self._warn_of_root()

    def _warn_of_root(self) -> None:
        """Log, once a start, that root runs what somebody else should."""
        warning = root_warning(self.spool_path)
        if warning:
            self.log.warning("running_as_root", reason=warning)

    @property
    def _notices(self) -> frozenset[str]:
        """The kinds of notices that are queued: none, with nobody to tell."""
        return frozenset(self.settings.notify.events if self.settings.notify.to else ())

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

    def log_failure(self) -> "_Telling":
        """Within it, the log file hears, too, why a command fails: in PowerMTA's pipe nobody may look at stderr."""
        return _Telling(self)


class _Telling:
    """Logs the error that leaves the block, where there is a log file, and lets it pass."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Tell why."""
        if isinstance(error, CommandError) and self._session.options.logfile:
            self._session.log.error("failed", reason=str(error), exit_status=error.status)
        elif isinstance(error, Exception) and self._session.options.logfile:
            self._session.log.error("bug", exc_info=error)


def login() -> str:
    """Who sits there, for the history."""
    name = os.environ.get("SUDO_USER")
    try:
        return name or getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as containers have
        return f"user {os.getuid()}"


def root_warning(spool: Path) -> str:
    """What root is told who runs this program on somebody else's spool; empty where there is nothing to tell.

    PowerMTA may be told to run as root, and containers do: nothing is wrong with that where root owns the folder too,
    nor where there is no folder yet: root will make it, or the spool says why it can't be.
    """
    try:
        uid = spool.parent.stat().st_uid
    except OSError:
        return ""
    if os.geteuid() != 0 or uid == 0:
        return ""
    try:
        owner = spool.parent.owner()
    except KeyError:
        owner = f"user {uid}"
    return (
        f"running as root, though {spool.parent} belongs to {owner}: let {owner} run this program (PowerMTA: "
        f"`run-as-root no`; systemd: `User=`; by hand: `sudo -u`), or give root the folder"
    )


def exit_status(error: SpoolError) -> int:
    """Whether time, or room on the disk, mends a spool that can't be opened; or the operator has to."""
    return TRY_AGAIN if error.is_temporary else CONFIGURATION


def open_session(
    options: GlobalOptions,
    environ: "dict[str, str]",
    *,
    quiet: bool = False,
    log_file: Literal["needed", "spared"] = "needed",
) -> Session:
    """Read the configuration and start the log.

    Args:
        quiet: on a terminal log only what somebody has to look at, since something else is shown there.
        log_file: whether a log file that can't be written is an error, or its lines go to stderr and beside the spool,
            since what the command takes can't wait.
    """
    on_terminal = sys.stderr.isatty()
    with exit_code_for_errors():
        settings = _settings(options, environ)
        logs.configure(
            logfile=options.logfile,
            debug=options.debug,
            addresses=settings.log.addresses,
            level="warning" if quiet and on_terminal and not options.logfile else settings.log.level,
            stream=cast("TextIO", streams.CurrentStderr()),
            stream_is_terminal=on_terminal,
            spare=path_of(settings.spool.url).with_name(SPARE_LOG) if log_file == "spared" else None,
        )
    tune_gc()
    return Session(options, settings, logs.get_logger(), on_terminal)


def _settings(options: GlobalOptions, environ: "dict[str, str]") -> "Settings":
    """The settings; where they can't be had, the log file, which PowerMTA's operator looks at, says why."""
    try:
        return load(options.config, environ)
    except ConfigurationError as error:
        if options.logfile:
            _log_failure(options.logfile, str(error))
        raise


def _log_failure(logfile: Path, reason: str) -> None:
    """Log why a command can't start.

    Raises:
        ConfigurationError: the log can't be written either; the text says both.
    """
    try:
        logs.configure(logfile=logfile, debug=False, addresses="masked", stream=sys.stderr, stream_is_terminal=False)
    except ConfigurationError as error:
        raise ConfigurationError(f"{reason}\n{error}") from None
    logs.get_logger().error("failed", reason=reason, exit_status=CONFIGURATION)

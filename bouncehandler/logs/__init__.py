"""Log: JSON lines in files and pipes, readable lines on a terminal, addresses masked in both."""

import json
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from bouncehandler.logs.sinks import GuardedLogFile, LogFile, LogStream, SpareLogFile, describe
from bouncehandler.redaction import cleaned, mask_addresses
from bouncehandler.settings import ConfigurationError

_NAME = "bouncehandler"
_CHATTY = ("httpx", "httpcore")  # at debug level they log headers, and so API keys


Logger = FilteringBoundLogger
"""`log.info("what happened", key=value)`, and so on for debug, warning, error and exception."""


def get_logger() -> Logger:
    """Get a logger; its events go to the sinks of `configure`, even if that is called later."""
    logger: Logger = structlog.get_logger()
    return logger


def configure(  # noqa: PLR0913  # settings and options
    *,
    logfile: Path | None,
    debug: bool,
    addresses: Literal["masked", "plain"],
    stream: TextIO,
    stream_is_terminal: bool,
    level: Literal["debug", "info", "warning", "error"] = "info",
    spare: Path | None = None,
) -> None:
    """Send the log of this process to `logfile`, else to `stream`; with `debug` to both, from debug level on.

    The file is opened again when it has been moved away, and is made readable by owner and group alone. A line that
    can't be written, such as on a full disk, goes to `stream` and to the file `spare`, after the event
    `log_file_unwritable`; without a spare it is lost.

    Raises:
        ConfigurationError: the file can't be written to, and there is no spare.
    """
    on_stream = _formatted(LogStream(stream), _as_text if stream_is_terminal else _as_json)
    sinks: list[logging.Handler] = []
    if logfile and spare:
        file, other = _absolute(logfile), _absolute(spare)
        spares = [] if file == other else [_formatted(SpareLogFile(other), _as_json)]
        guarded = GuardedLogFile(file, spares if debug else [*spares, on_stream], partial(_report_unwritable, file))
        sinks.append(_formatted(guarded, _as_json))
    elif logfile:
        sinks.append(_formatted(_open(logfile), _as_json))
    if debug or not logfile:
        sinks.append(on_stream)
    _connect(sinks)
    structlog.configure(
        processors=_processors(mask_addresses if addresses == "masked" else str),
        wrapper_class=structlog.make_filtering_bound_logger("debug" if debug else level),
        logger_factory=lambda *_: _EventWriter(logging.getLogger(_NAME)),
        cache_logger_on_first_use=False,
    )


def prove_file() -> None:
    """Open the log file that has a spare, if any; log an error where it can't be written."""
    for sink in logging.getLogger(_NAME).handlers:
        if isinstance(sink, GuardedLogFile):
            sink.prove_or_report()


def why_unwritable(logfile: Path) -> str:
    """Sentence on why a log file can't be written, and how to mend that; empty where it can."""
    try:
        _open(logfile).close()
    except ConfigurationError as error:
        return str(error)
    return ""


def _report_unwritable(logfile: Path, error: Exception) -> None:
    reason, mend = describe(logfile, error)
    get_logger().error("log_file_unwritable", file=str(logfile), reason=reason, mend=mend)


def _open(logfile: Path) -> LogFile:
    file = LogFile(_absolute(logfile))
    try:
        file.prove()
    except (OSError, ValueError) as error:  # ValueError: a name with NUL
        reason, mend = describe(logfile, error)
        raise ConfigurationError(f"the log file {logfile} can't be written: {reason}; {mend}") from None
    return file


def _absolute(path: Path) -> Path:
    """Make a path absolute; one relative to a deleted working folder leads nowhere."""
    try:
        return path.absolute()
    except FileNotFoundError:
        return Path("/proc/self/cwd") / path


def _formatted(sink: logging.Handler, render: Processor) -> logging.Handler:
    sink.setFormatter(_Rendered(render))
    return sink


class _Rendered(logging.Formatter):
    """Formatter of the event in a record: only structlog logs here, so no record needs more."""

    def __init__(self, render: Processor) -> None:
        super().__init__()
        self._render = render

    def format(self, record: logging.LogRecord) -> str:
        """Format the event as a line."""
        event: EventDict = dict(record.msg)  # type: ignore[arg-type]  # put there by `_EventWriter.write`
        return str(self._render(None, record.name, event))


class _Event(logging.LogRecord):
    """Record of an event, without process, thread and caller, which no sink uses."""

    def __init__(self, event: EventDict) -> None:
        self.name, self.levelno, self.msg = _NAME, logging.INFO, event


class _EventWriter:
    """Logger that structlog passes enabled events to; they go to all sinks."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def write(self, event: EventDict) -> None:
        self._logger.callHandlers(_Event(event))

    debug = info = warning = error = critical = exception = write


def _as_json(_: WrappedLogger, __: str, event: EventDict) -> str:
    """Render an event as JSON in ASCII, so that no line separator or direction mark gets through."""
    return json.dumps(event)


def _as_arguments(_: WrappedLogger, __: str, event: EventDict) -> tuple[tuple[EventDict], dict[str, object]]:
    """Wrap the event as arguments for a method of `_EventWriter`."""
    return (event,), {}


def _connect(sinks: list[logging.Handler]) -> None:
    """Make these the only sinks, and drop the lines of other libraries."""
    root = logging.getLogger(_NAME)
    for former in list(root.handlers):
        root.removeHandler(former)
        former.close()
    for sink in sinks:
        root.addHandler(sink)
    root.setLevel(logging.DEBUG)  # structlog has dropped what is below the level
    root.propagate = False
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _processors(mask: Callable[[str], str]) -> list[Processor]:
    def clean(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        first = {key: event.pop(key, "") for key in ("timestamp", "level", "event")}
        return {mask(key): cleaned(value, mask) for key, value in (first | dict(event)).items()}

    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        clean,
        _as_arguments,
    ]


def _as_text(logger: WrappedLogger, name: str, event: EventDict) -> str:
    """Render a line without control characters, and lines of a traceback indented, so that none passes for an event."""
    blocks = [event.pop(key) for key in ("stack", "exception") if key in event]
    line = structlog.dev.ConsoleRenderer(colors=False, sort_keys=False, pad_event_to=0)(logger, name, event)
    within = [f"    {line}" for block in blocks for line in str(block).split("\n")]
    return "\n".join(map(_escaped, [line, *within]))


def _escaped(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)

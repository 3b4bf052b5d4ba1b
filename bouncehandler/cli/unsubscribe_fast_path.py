"""Fast path of `unsubscribe`: one mail from standard input to the maildrop, with next to nothing imported.

PowerMTA starts a process for each mail and reads only its exit status: 0, the request is kept; 67, there is no such
address, and the sender is told so; 75, it tries again. Any other would lose the request, so there is no other.
"""

import os
import signal
import sys
import time

from bouncehandler.cli import unsubscribe_log as log
from bouncehandler.unsubscribe import config_cache as cache
from bouncehandler.unsubscribe import maildrop, tokens

OK = 0
NO_USER = 67
"""EX_NOUSER."""
TRY_AGAIN = 75
"""EX_TEMPFAIL."""

_BLOCK = 1024 * 1024
_DAY = 86_400
_STANDARD_ERROR = 2
_HEAD_ENDS = (b"\n\n", b"\n\r\n")
_VALUED = ("--config", "--logfile", "--from", "--to")
_COMMON = ("--config", "--logfile", "--debug")
_NAME = "unsubscribe"


class Arguments:
    """Parsed command line."""

    __slots__ = ("config", "debug", "logfile", "sender", "to")

    def __init__(self, sender: str, to: str, config: str | None, logfile: str | None, *, debug: bool) -> None:
        self.sender, self.to, self.config, self.logfile, self.debug = sender, to, config, logfile, debug


class NotKeptError(Exception):
    """Mail that can't be kept now; the text has the reason, and how to mend it."""


def parse_args(argv: list[str]) -> Arguments | None:
    """Parse a command line in its usual form; None for any other, which the `click` command parses or rejects."""
    found: dict[str, str | None] = {}
    rest, is_named = list(argv), False
    while rest:
        word = rest.pop(0)
        name, sign, value = word.partition("=")
        if word == _NAME and not is_named:
            is_named = True
        elif word == "--debug":
            found[word] = ""
        elif name in _VALUED and (is_named or name in _COMMON) and (sign or rest):
            found[name] = value if sign else rest.pop(0)
        else:
            return None
    sender, to = found.get("--from"), found.get("--to")
    if not is_named or sender is None or to is None:
        return None
    return Arguments(sender, to, found.get("--config"), found.get("--logfile"), debug="--debug" in found)


def keep(arguments: Arguments) -> int:
    """Keep the mail on standard input; returns the exit status, which is explained on stderr and in the log."""
    signal.signal(signal.SIGTERM, _give_up)
    signal.signal(signal.SIGHUP, _give_up)
    config = None
    try:
        _occupy_standard_streams()
        head = _head_of_stdin()
        config = _settings(arguments)
        return _kept(arguments, config, head)
    except NotKeptError as error:
        reason = str(error)
    except Exception as error:  # noqa: BLE001  # PowerMTA must try again
        reason = f"this is a bug ({type(error).__name__}); report it"
        if arguments.debug:
            _trace()
    print_error(reason)
    _log(arguments, config, "error", "failed", {"reason": reason, "exit_status": TRY_AGAIN})
    return TRY_AGAIN


def print_error(text: str) -> None:
    """Write sentences to stderr, one a line; errors are ignored."""
    lines = "".join(f"bouncehandler: {line}\n" for line in text.splitlines())
    try:
        os.write(_STANDARD_ERROR, lines.encode("utf-8", "backslashreplace"))
    except OSError:
        return


def _kept(arguments: Arguments, config: cache.CachedConfig, head: bytes) -> int:
    address = arguments.to.strip("<> ")
    now_ns = time.time_ns()
    now = now_ns // 1_000_000_000
    domain = tokens.domain_of(address)
    if all(one.name != domain for one in config.domains):
        name = domain if len(domain) <= 255 and domain.isprintable() else "its domain"  # noqa: PLR2004  # RFC 1035 2.3.4
        raise NotKeptError(f"mail for {name} came, but no [[unsubscribe]] of the configuration has that domain: add it")
    subject = tokens.identify(address, config.domains, today=now // _DAY)
    if subject is None:
        print_error("no such address")
        _log(arguments, config, "warning", "unsubscribe_refused", {"exit_status": NO_USER})
        return NO_USER
    values = {"to": address, "sender": arguments.sender, **subject}
    try:
        name = maildrop.deliver(config.maildrop, maildrop.compose(values, head, received_at=now), now_ns=now_ns)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise NotKeptError(
            f"the mail can't be kept in {config.maildrop} ({why}): make room, or let this user write there"
        ) from None
    _log(arguments, config, "info", "unsubscribe_kept", {"message": name, "exit_status": OK})
    return OK


def _settings(arguments: Arguments) -> cache.CachedConfig:
    environ = dict(os.environ)
    now_ns = time.time_ns()
    if config := cache.read(arguments.config, environ):
        return config
    from bouncehandler.runtime.unsubscribe_config import compile_settings  # noqa: PLC0415  # costs thirty times a start
    from bouncehandler.settings import ConfigurationError  # noqa: PLC0415  # as above

    try:
        return compile_settings(arguments.config, environ, now_ns=now_ns)
    except ConfigurationError as error:
        raise NotKeptError(str(error)) from None
    except OSError as error:
        raise NotKeptError(
            f"the folder for mails beside the spool can't be made ({error.strerror}): correct spool.url or the rights"
        ) from None


def _occupy_standard_streams() -> None:
    """Reserve the descriptors of closed standard streams.

    Raises:
        NotKeptError: standard input is one of them.
    """
    if sys.stdin is None:
        raise NotKeptError("standard input is closed: the mail belongs there")
    while (number := os.open(os.devnull, os.O_RDWR)) <= _STANDARD_ERROR:
        pass
    os.close(number)


def _head_of_stdin() -> bytes:
    """Read standard input to its end, since PowerMTA writes all of it; returns the beginning of the mail's head.

    Raises:
        NotKeptError: it broke off.
    """
    head = b""
    try:
        os.set_blocking(0, True)  # another process may have changed it
        while block := os.read(0, _BLOCK):
            head += block[: maildrop.MAX_HEAD - len(head)]
    except OSError as error:
        raise NotKeptError(f"the mail broke off ({error.strerror}); it was not kept") from None
    ends = [at for at in map(head.find, _HEAD_ENDS) if at >= 0]
    return head[: min(ends) + 1] if ends else head


def _log(
    arguments: Arguments, config: cache.CachedConfig | None, level: str, event: str, values: dict[str, str | int]
) -> None:
    """Write the log line of the mail to the log file of the command line, if any."""
    least = "debug" if arguments.debug else config.level if config else "info"
    if not (arguments.logfile or arguments.debug) or not log.is_enabled(level, least):
        return
    is_plain = config is not None and config.addresses == "plain"
    sender, to = (one if is_plain else log.masked(one.strip("<> ")) for one in (arguments.sender, arguments.to))
    text = log.line(level, event, {"from": sender, "to": to, **values}, now_ns=time.time_ns())
    if arguments.logfile and (why := log.append(arguments.logfile, text)):
        unwritable: dict[str, str | int] = {"file": arguments.logfile, "reason": why, "mend": log.MEND}
        text = log.line("error", "log_file_unwritable", unwritable, now_ns=time.time_ns()) + text
        if config:
            log.append(f"{os.path.dirname(config.maildrop)}/{log.SPARE_LOG}", text, as_folder=True)  # noqa: PTH120  # costly
    elif not arguments.debug:
        return
    try:
        os.write(_STANDARD_ERROR, text.encode("ascii"))
    except OSError:
        return


def _trace() -> None:
    import traceback  # noqa: PLC0415  # for --debug

    print_error(traceback.format_exc())


def _give_up(_: int, __: object) -> None:
    """End at once: a message that is not renamed yet does not count, and PowerMTA tries again."""
    os._exit(TRY_AGAIN)

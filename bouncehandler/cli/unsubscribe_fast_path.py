"""One List-Unsubscribe mail, from standard input to a letter on disk, with next to nothing imported.

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
    """The command line."""

    __slots__ = ("config", "debug", "logfile", "sender", "to")

    def __init__(self, sender: str, to: str, config: str | None, logfile: str | None, *, debug: bool) -> None:
        self.sender, self.to, self.config, self.logfile, self.debug = sender, to, config, logfile, debug


class NotKeptError(Exception):
    """The mail can't be kept now; the text says why, and how to mend it."""


def parse_args(argv: list[str]) -> Arguments | None:
    """The command line in its usual form; None for any other, which the `click` command reads or explains."""
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


def keep(words: Arguments) -> int:
    """Keep the mail on standard input; returns the exit status, having said on stderr and in the log what it means."""
    signal.signal(signal.SIGTERM, _give_up)
    signal.signal(signal.SIGHUP, _give_up)
    compiled = None
    try:
        _occupy_standard_streams()
        head = _head_of_stdin()
        compiled = _settings(words)
        return _kept(words, compiled, head)
    except NotKeptError as error:
        said = str(error)
    except Exception as error:  # noqa: BLE001  # whatever it is, PowerMTA must try again
        said = f"this is a bug ({type(error).__name__}); report it"
        if words.debug:
            _trace()
    say(said)
    _log(words, compiled, "error", "failed", {"reason": said, "exit_status": TRY_AGAIN})
    return TRY_AGAIN


def say(text: str) -> None:
    """Write a sentence, or several, a line each, to stderr, if anybody reads that."""
    lines = "".join(f"bouncehandler: {line}\n" for line in text.splitlines())
    try:
        os.write(_STANDARD_ERROR, lines.encode("utf-8", "backslashreplace"))
    except OSError:
        return


def _kept(words: Arguments, compiled: cache.CachedConfig, head: bytes) -> int:
    address = words.to.strip("<> ")
    now_ns = time.time_ns()
    now = now_ns // 1_000_000_000
    domain = tokens.domain_of(address)
    if all(one.name != domain for one in compiled.domains):
        name = domain if len(domain) <= 255 and domain.isprintable() else "its domain"  # noqa: PLR2004  # RFC 1035 2.3.4
        raise NotKeptError(f"mail for {name} came, but no [[unsubscribe]] of the configuration has that domain: add it")
    subject = tokens.identify(address, compiled.domains, today=now // _DAY)
    if subject is None:
        say("no such address")
        _log(words, compiled, "warning", "unsubscribe_refused", {"exit_status": NO_USER})
        return NO_USER
    values = {"to": address, "sender": words.sender, **subject}
    try:
        name = maildrop.deliver(compiled.letters, maildrop.compose(values, head, received_at=now), now_ns=now_ns)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise NotKeptError(
            f"the mail can't be kept in {compiled.letters} ({why}): make room, or let this user write there"
        ) from None
    _log(words, compiled, "info", "unsubscribe_kept", {"letter": name, "exit_status": OK})
    return OK


def _settings(words: Arguments) -> cache.CachedConfig:
    environ = dict(os.environ)
    now_ns = time.time_ns()
    if compiled := cache.read(words.config, environ):
        return compiled
    from bouncehandler.runtime.unsubscribe_config import compile_settings  # noqa: PLC0415  # costs thirty times a start
    from bouncehandler.settings import ConfigurationError  # noqa: PLC0415  # as above

    try:
        return compile_settings(words.config, environ, now_ns=now_ns)
    except ConfigurationError as error:
        raise NotKeptError(str(error)) from None
    except OSError as error:
        raise NotKeptError(
            f"the folder for mails beside the spool can't be made ({error.strerror}): correct spool.url or the rights"
        ) from None


def _occupy_standard_streams() -> None:
    """Keep the numbers of closed standard streams from files of ours.

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
        os.set_blocking(0, True)  # whoever shares it may have made it otherwise
        while block := os.read(0, _BLOCK):
            head += block[: maildrop.MAX_HEAD - len(head)]
    except OSError as error:
        raise NotKeptError(f"the mail broke off ({error.strerror}); it was not kept") from None
    ends = [at for at in map(head.find, _HEAD_ENDS) if at >= 0]
    return head[: min(ends) + 1] if ends else head


def _log(
    words: Arguments, compiled: cache.CachedConfig | None, level: str, event: str, values: dict[str, str | int]
) -> None:
    """Write the mail's line where the command line says, if anywhere."""
    least = "debug" if words.debug else compiled.level if compiled else "info"
    if not (words.logfile or words.debug) or not log.is_told(level, least):
        return
    is_plain = compiled is not None and compiled.addresses == "plain"
    sender, to = (one if is_plain else log.masked(one.strip("<> ")) for one in (words.sender, words.to))
    text = log.line(level, event, {"from": sender, "to": to, **values}, now_ns=time.time_ns())
    if words.logfile and (why := log.append(words.logfile, text)):
        told: dict[str, str | int] = {"file": words.logfile, "reason": why, "mend": log.MEND}
        text = log.line("error", "log_file_unwritable", told, now_ns=time.time_ns()) + text
        if compiled:
            log.append(f"{os.path.dirname(compiled.letters)}/{log.SPARE_LOG}", text, as_folder=True)  # noqa: PTH120  # costly
    elif not words.debug:
        return
    try:
        os.write(_STANDARD_ERROR, text.encode("ascii"))
    except OSError:
        return


def _trace() -> None:
    import traceback  # noqa: PLC0415  # for those who look for a bug

    say(traceback.format_exc())


def _give_up(_: int, __: object) -> None:
    """End at once: what was not renamed yet is no letter, and PowerMTA tries again."""
    os._exit(TRY_AGAIN)

"""The command line: the only part that exits, prints or reads argv. One file a command.

Nothing heavy is imported here: each command brings what it needs.
"""

import os
import sys

_OK, _NO_USER, _TRY_AGAIN = 0, 67, 75  # as in `exits` and `unsubscribe_mail`, which may not be there yet
_VALUED = ("--config", "--logfile", "--color")
_MAIL = "unsubscribe"


def entry() -> None:
    """The console script `bouncehandler`."""
    argv = sys.argv[1:]
    is_mail = _command(argv) == _MAIL
    try:
        status = _unsubscribe(argv) if is_mail else _run(argv)
    except KeyboardInterrupt:  # before a command could give it a meaning
        _say("interrupted")
        status = _TRY_AGAIN
    except Exception as error:  # of an upgrade that has only begun, say
        if not is_mail:
            raise
        _say(f"this is a bug, or an installation that is not whole ({type(error).__name__})")
        status = _TRY_AGAIN
    if is_mail:
        os._exit(status)  # neither can Python change the status at its end, nor does PowerMTA wait for that
    sys.exit(status)


def _command(argv: list[str]) -> str:
    """The command's name; empty for the bare command."""
    words = iter(argv)
    for word in words:
        if word in _VALUED:
            next(words, "")
        elif not word.startswith("-"):
            return word
    return ""


def _unsubscribe(argv: list[str]) -> int:
    """Keep a mail for PowerMTA, with one of three exit statuses; there is a process per mail, and no time to lose."""
    from bouncehandler.cli.unsubscribe_fast_path import keep, parse_args  # noqa: PLC0415  # imports are lazy at the edges

    words = parse_args(argv)
    if words:
        return keep(words)
    status = _run(argv)
    if sys.stdout:
        sys.stdout.flush()
    return status if status in {_OK, _NO_USER} else _TRY_AGAIN


def _run(argv: list[str]) -> int:
    from bouncehandler.cli.gc_tuning import tune_gc  # noqa: PLC0415  # imports are lazy at the edges

    tune_gc()  # before the imports, which make many objects and hardly any garbage
    from bouncehandler.cli.app import main  # noqa: PLC0415  # as above

    return main(argv)


def _say(text: str) -> None:
    try:
        os.write(2, f"bouncehandler: {text}\n".encode())
    except OSError:
        return

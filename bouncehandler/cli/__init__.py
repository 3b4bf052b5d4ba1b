"""Command line: the only part that exits, prints or reads argv. One file a command.

Nothing heavy is imported here; each command imports its own libraries.
"""

import os
import sys

_OK, _NO_USER, _TRY_AGAIN = 0, 67, 75  # as in `exits`, which an unfinished upgrade may lack
_VALUED = ("--config", "--logfile", "--color")
_MAIL = "unsubscribe"


def entry() -> None:
    """The console script `bouncehandler`."""
    argv = sys.argv[1:]
    is_mail = _command(argv) == _MAIL
    try:
        status = _unsubscribe(argv) if is_mail else _run(argv)
    except KeyboardInterrupt:  # before a command has installed its handler
        _print_error("interrupted")
        status = _TRY_AGAIN
    except Exception as error:  # of an unfinished upgrade, for example
        if not is_mail:
            raise
        _print_error(f"this is a bug, or an installation that is not whole ({type(error).__name__})")
        status = _TRY_AGAIN
    if is_mail:
        os._exit(status)  # without the interpreter's shutdown, which takes time and might change the status
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
    """Keep a mail for PowerMTA, with one of three exit statuses; each mail starts a process, so speed matters."""
    from bouncehandler.cli.unsubscribe_fast_path import keep, parse_args  # noqa: PLC0415  # imports are lazy at the edges

    arguments = parse_args(argv)
    if arguments:
        return keep(arguments)
    status = _run(argv)
    if sys.stdout:
        sys.stdout.flush()
    return status if status in {_OK, _NO_USER} else _TRY_AGAIN


def _run(argv: list[str]) -> int:
    from bouncehandler.cli.gc_tuning import tune_gc  # noqa: PLC0415  # imports are lazy at the edges

    tune_gc()  # before the imports, which make many objects and hardly any garbage
    from bouncehandler.cli.lean_imports import defer_modules  # noqa: PLC0415  # as above

    defer_modules()
    from bouncehandler.cli.app import main  # noqa: PLC0415  # as above

    return main(argv)


def _print_error(text: str) -> None:
    try:
        os.write(2, f"bouncehandler: {text}\n".encode())
    except OSError:
        return

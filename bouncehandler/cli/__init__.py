"""The command line: the only part that exits, prints or reads argv. One file a command.

Nothing heavy is imported here: each command brings what it needs.
"""

import sys

_TRY_AGAIN = 75  # as in `exits`, which may not be there yet


def entry() -> None:
    """The console script `bouncehandler`."""
    try:
        from bouncehandler.cli.app import main  # noqa: PLC0415  # imports are lazy at the edges

        status = main(sys.argv[1:])
    except KeyboardInterrupt:  # before a command could give it a meaning
        sys.stderr.write("bouncehandler: interrupted\n")
        status = _TRY_AGAIN
    sys.exit(status)

"""The command line: the only part that exits, prints or reads argv. One file a command.

Nothing heavy is imported here: each command brings what it needs.
"""

import sys


def entry() -> None:
    """The console script `bouncehandler`."""
    from bouncehandler.cli.app import main  # noqa: PLC0415  # imports are lazy at the edges

    sys.exit(main(sys.argv[1:]))

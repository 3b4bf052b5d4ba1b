"""Exit statuses, those of sysexits.h that PowerMTA knows, and the error that ends a command with one of them."""

from collections.abc import Iterator
from contextlib import contextmanager

OK = 0
USAGE = 64
NO_INPUT = 65
"""EX_DATAERR: the input ended and not one row of it could be read, or its columns can't be recognised."""
NO_USER = 67
"""EX_NOUSER, of `unsubscribe` alone: the address identifies no subscriber."""
BUG = 70
TRY_AGAIN = 75
"""EX_TEMPFAIL: not everything is done yet: something waits in the spool, or the disk failed."""
CONFIGURATION = 78

DESCRIPTION = """\b
Exit status: 0 done; 64 wrong usage; 65 not one row of the input
could be read, or its columns are unclear; 70 a bug; 75 not all done:
something waits in the spool, or the disk failed; 78 the configuration needs
mending. `unsubscribe` has 0, 67 for an address that identifies no
subscriber, and 75 for all else."""


class CommandError(Exception):
    """Error that ends a command with an exit status; its text is one sentence for the operator."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@contextmanager
def exit_code_for_errors(spool_status: int = TRY_AGAIN) -> Iterator[None]:
    """Map the errors of lower layers to exit statuses."""
    from bouncehandler.runtime.spool import SpoolOpenError  # noqa: PLC0415  # --help and --version need no spool
    from bouncehandler.settings import ConfigurationError  # noqa: PLC0415  # as above
    from bouncehandler.spool import SpoolError  # noqa: PLC0415  # as above

    try:
        yield
    except ConfigurationError as error:
        raise CommandError(str(error), CONFIGURATION) from error
    except SpoolOpenError as error:
        raise CommandError(str(error), TRY_AGAIN if error.is_temporary else CONFIGURATION) from error
    except SpoolError as error:
        raise CommandError(str(error), spool_status) from error

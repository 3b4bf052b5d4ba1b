"""Files and folders beside the spool, named after it."""

from dataclasses import dataclass
from pathlib import Path

from bouncehandler.spool.url import path_of
from bouncehandler.unsubscribe import maildrop


@dataclass(frozen=True, slots=True)
class Paths:
    """The spool's file and what lies beside it."""

    spool: Path

    @classmethod
    def beside(cls, url: str) -> "Paths":
        """Build the paths from `[spool] url`."""
        return cls(path_of(url))

    @property
    def rejected(self) -> Path:
        """CSV file of rows that can't be read: beside `spool.db`, `spool.rejected.csv`."""
        return self.spool.with_suffix(".rejected.csv")

    @property
    def maildrop(self) -> Path:
        """Folder of List-Unsubscribe mail that is not in the spool yet."""
        return Path(maildrop.folder_beside(str(self.spool)))

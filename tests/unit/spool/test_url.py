"""The spool's URL: its scheme names the store."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bouncehandler.spool import SpoolError
from bouncehandler.spool.url import open_reading, open_spool, path_of, url_of
from tests.contract.spool.examples import people, put


def test_opened_and_read(tmp_path: Path) -> None:
    """A spool is created by its URL, and read by it, whatever characters its path has."""
    url = url_of(tmp_path / "a spool?#.db")
    with pytest.raises(SpoolError, match="can't be opened"):
        open_reading(url)
    with closing(open_spool(url)) as spool:
        put(spool, *people(2))
    with closing(open_reading(url)) as spool:
        assert spool.status().suppressions == 2


def test_unknown_scheme() -> None:
    """The error names the schemes that are known."""
    with pytest.raises(SpoolError, match=r"no known scheme \(sqlite\): write sqlite:////absolute/path"):
        path_of("postgresql:///spool")


def test_store_is_imported_when_it_is_opened() -> None:
    """A command that only needs the URL pays for no store."""
    code = "import sys, bouncehandler.spool.url; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "bouncehandler.spool.url" in loaded
    assert "sqlite3" not in loaded

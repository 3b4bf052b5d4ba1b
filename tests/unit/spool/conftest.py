"""Fixtures of the unit tests of the SQLite store."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from bouncehandler.spool.sqlite.connection import Connection


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """The connection of `spool`."""
    opened = Connection.open(tmp_path / "spool.db", wait=60, version=sqlite3.sqlite_version_info)
    yield opened
    opened.close()

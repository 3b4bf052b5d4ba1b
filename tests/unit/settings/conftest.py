"""Fixtures of the unit tests of settings."""

from pathlib import Path

import pytest


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file to write a configuration to."""
    return tmp_path / "bouncehandler.toml"

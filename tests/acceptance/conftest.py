"""Fixtures of the acceptance tests."""

from pathlib import Path

import pytest

from tests.acceptance.harness import Program
from tests.acceptance.shell import with_trail


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """An installation with one provider."""
    return with_trail(tmp_path)

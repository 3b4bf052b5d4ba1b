"""Undo by the file adapter: a line that is read as no suppression."""

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bouncehandler.provider import ProviderUnavailable, Reversible
from bouncehandler.suppression import Outcome, Suppression
from providers.file import File
from tests.examples import many

JOHN = Suppression("1" * 24, "john@example.test", "bounce")


def adapter(path: Path) -> File:
    """Adapter that appends to this file; it needs no client."""
    with httpx.Client() as client:
        return File(File.Settings(path=path), client)


def lines(path: Path) -> list[dict[str, Any]]:
    """Lines of the file, read as JSON; empty without a file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def remaining(entries: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Recipients by id that a reader of both kinds of lines still holds as suppressed."""
    suppressed = {line["id"]: line["recipient"] for line in entries if "restored" not in line}
    for line in entries:
        if "restored" in line:
            suppressed.pop(line["id"], None)
    return suppressed


def test_a_line_that_is_no_suppression(tmp_path: Path) -> None:
    """A reader that knows suppressions alone finds no recipient and no reason in it."""
    file = adapter(tmp_path / "trail.jsonl")
    assert isinstance(file, Reversible)
    assert file.restore(JOHN, file.unsubscribe(JOHN)) == Outcome("restored")
    suppressed, restored = lines(tmp_path / "trail.jsonl")
    assert restored == {"restored": suppressed["recipient"], "id": suppressed["id"]}
    assert not {"recipient", "reason"} & restored.keys()


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    """Failures have the same scope as those of unsubscribing."""
    with pytest.raises(ProviderUnavailable, match="can't append"):
        adapter(tmp_path / "none" / "trail.jsonl").restore(JOHN, Outcome("unsubscribed"))


@settings(max_examples=many(20), deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 2), st.integers(0, 2)), max_size=6))
def test_what_was_restored_is_as_before(entries: list[tuple[str, int, int]]) -> None:
    """Any mixture of recipients, each written once or twice and restored never, once or twice, ends consistent."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "trail.jsonl"
        file = adapter(path)
        made = [
            JOHN._replace(id=f"{number:024x}", recipient=f"{name}@example.test")
            for number, (name, _, _) in enumerate(entries)
        ]
        for one, (_, times, _) in zip(made, entries, strict=True):
            for _ in range(times):
                file.unsubscribe(one)
        for one, (_, _, times) in zip(made, entries, strict=True):
            for _ in range(times):
                file.restore(one, Outcome("unsubscribed"))
        assert remaining(lines(path)) == {
            one.id: one.recipient for one, (_, _, times) in zip(made, entries, strict=True) if not times
        }

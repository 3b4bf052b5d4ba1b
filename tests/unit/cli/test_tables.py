"""Rows as a table, CSV and JSON: whole, harmless, and as they come."""

import csv
import io
import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncehandler.cli.output.tables import Row, printable, write

COLUMNS = ("name", "said")
FORMS = ("table", "csv", "json", "jsonl")


def written(capsys: pytest.CaptureFixture[str], form: str, *rows: Row) -> str:
    """What `write` prints."""
    write(rows, COLUMNS, form)
    return capsys.readouterr().out


def test_table_is_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    """Each column is as wide as its widest cell, and no line ends with spaces."""
    text = written(capsys, "table", {"name": "ann", "said": "hello"}, {"name": "bartholomew", "said": None})
    assert text.splitlines() == ["name         said", "ann          hello", "bartholomew"]


@pytest.mark.parametrize(
    ("form", "expected"), [("table", "name  said\n"), ("csv", "name,said\n"), ("json", "[\n]\n"), ("jsonl", "")]
)
def test_nothing(capsys: pytest.CaptureFixture[str], form: str, expected: str) -> None:
    """Without rows there is a heading, or an empty array, or nothing at all."""
    assert written(capsys, form) == expected


@pytest.mark.parametrize("form", FORMS)
def test_rows_are_printed_as_they_come(capsys: pytest.CaptureFixture[str], form: str) -> None:
    """However many rows there are, only a bounded number is held: the first are printed before the last are made."""
    printed: list[bool] = []

    def rows() -> Iterator[Row]:
        for number in range(3000):
            if number == 2999:
                printed.append("row-0" in capsys.readouterr().out)
            yield {"name": f"row-{number}", "said": ""}

    write(rows(), COLUMNS, form)
    assert printed == [True]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20x"])
def test_csv_cell_that_a_spreadsheet_would_run(capsys: pytest.CaptureFixture[str], cell: str) -> None:
    """A cell that begins like a formula gets an apostrophe; one that only holds one does not."""
    (row,) = csv.DictReader(io.StringIO(written(capsys, "csv", {"name": cell, "said": f"x{cell}"})))
    assert row == {"name": f"'{cell}", "said": f"x{cell}"}


@pytest.mark.parametrize("cell", ["\t=1+1", "\r=1+1", "\n=1+1", "\x00=1", "\u200b=1"])
def test_csv_cell_with_a_hidden_beginning(capsys: pytest.CaptureFixture[str], cell: str) -> None:
    """What is not printable in front of a formula does not hide it: it is replaced, and then it is no formula."""
    (row,) = csv.DictReader(io.StringIO(written(capsys, "csv", {"name": cell, "said": ""})))
    assert row["name"] == f"?{cell[1:]}"


@given(st.text(), st.text())
def test_csv_and_json_hold_what_they_were_given(name: str, message: str) -> None:
    """Any text comes back from JSON to the letter; from CSV too, apart from what is not printable."""
    with pytest.MonkeyPatch.context() as patch:
        out = io.StringIO(newline="")
        patch.setattr("sys.stdout", out)
        write([{"name": name, "said": message}], COLUMNS, "jsonl")
        line = out.getvalue().removesuffix("\n")
        out.seek(0)
        out.truncate()
        write([{"name": "x", "said": printable(f"x{message}")}], COLUMNS, "csv")
    assert json.loads(line) == {"name": name, "said": message}
    assert "\n" not in line
    (row,) = csv.DictReader(io.StringIO(out.getvalue(), newline=""))
    assert row["said"] == printable(f"x{message}")


@given(st.text())
def test_no_form_commands_a_terminal(text: str) -> None:
    """No form lets a character through that a terminal obeys."""
    for form in FORMS:
        with pytest.MonkeyPatch.context() as patch:
            out = io.StringIO(newline="")
            patch.setattr("sys.stdout", out)
            write([{"name": text, "said": text}], COLUMNS, form)
        assert not set(out.getvalue()) & {chr(code) for code in (*range(10), *range(11, 32), *range(127, 160))}


def test_printable() -> None:
    """Escapes, line ends and marks that turn text round become question marks; letters of every script stay."""
    assert printable("\x1b[2Jjürgen почта\u202e\u2066\n") == "?[2Jjürgen почта???"

"""Fit the sample rows, and the JSON lines that the program wrote of them, into 80 columns, for `demo.sh`."""

import csv
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

_Cells = tuple[str, ...]


def rows(sample: str) -> Iterator[_Cells]:
    """Type, recipient, category, DSN status and diagnostic of each row."""
    for row in _rows(sample):
        category = row["bounceCat"] or row["feedbackType"]
        status, diagnostic = row["dsnStatus"].partition(" ")[0], row["dsnDiag"].removeprefix("smtp;")
        yield row["type"], row["rcpt"], category, status, diagnostic


def decisions(sample: str, log: str) -> Iterator[_Cells]:
    """Verdict and rule of each row, as logged; the log masks addresses, so the recipients are the sample's."""
    logged = (event for event in _events(log) if event["event"] == "row")
    for row, event in zip(_rows(sample), logged, strict=True):
        yield row["rcpt"], event["verdict"], _rule(event["rule"])


def totals(log: str) -> Iterator[_Cells]:
    """The numbers of the event that a run ends with."""
    (end,) = (event for event in _events(log) if event["event"] == "finished")
    read, counted, ignored = (sum(end[name].values()) for name in ("records", "counted", "ignored"))
    unsubscribed = sum(provider["done"] for provider in end["providers"].values())
    suppressed = f"{end['suppressed']} suppressed ({end['duplicates']} known before)"
    yield (f"{read} rows = {suppressed} + {counted} counted + {ignored} ignored; {unsubscribed} unsubscribed",)


def history(explained: str) -> Iterator[_Cells]:
    """Events of a person, each with its detail or its provider; times, ids and the originator are left out."""
    for event in _events(explained):
        detail = re.sub(r"\([\d.]+ s\)|; id \w+| \(from \S+\)", "", event["detail"])
        yield event["event"], detail.strip() or event["provider"]


def _rule(text: str) -> str:
    """A rule without the braces of its threshold, and without the hash of the rules file."""
    text = re.sub(r'\{ suppress_after = (\d+), within = "(\w+)" \}', r"suppress after \1 in \2", text)
    return re.sub(r"(, by rule \S+) of \w+$", r"\1", text)


def _rows(sample: str) -> list[dict[str, str]]:
    with Path(sample).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _events(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(log).read_text("utf-8").splitlines() if line.startswith("{")]


def _aligned(table: Iterable[_Cells]) -> Iterator[str]:
    lines = list(table)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for cells in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


_SHAPES: dict[str, Callable[..., Iterator[_Cells]]] = {
    "rows": rows,
    "decisions": decisions,
    "totals": totals,
    "history": history,
}

if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in _aligned(_SHAPES[sys.argv[1]](*sys.argv[2:])))

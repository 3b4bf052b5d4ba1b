"""Cells of a plain list's lines: an address in the first one, and more behind commas, semicolons or tabs."""

import re
from collections.abc import Sequence

from bouncehandler.record import Address, parse_address

PADDING = ' \t\r\n\ufeff\0"'
"""Characters around a cell."""

SEPARATOR = re.compile(r"[;\t]")
"""Separators of cells besides the comma."""

_SEPARATORS = re.compile(r"[,;\t]")
_QUOTED = re.compile(r'("[^"]*"[^",;\t\r\n]*)(?=[,;\t\r\n]|$)')


def listed_address(cell: str) -> Address | None:
    """The address in the first cell of a line, up to a semicolon or tab; None where there is none."""
    text = SEPARATOR.split(cell, maxsplit=1)[0].strip(" \r\n\ufeff\0")
    return parse_address(text) or parse_address(text.strip('"'))


def segments(cells: Sequence[str]) -> list[str]:
    """The cells of a line, whether commas, semicolons or tabs separate them."""
    return [segment for cell in cells for segment in SEPARATOR.split(cell)]


def quoted_cells(line: str) -> list[str] | None:
    """The cells of a line with quotes that CSV does not allow: `"a@b.example";"Ann"`, `"Ann" <a@b.example>`.

    None where the line begins with no quote, where its quote is not closed, and where lines end in CR, since then the
    line holds several rows.
    """
    match = _QUOTED.match(line)
    if match is None or "\r" in line.rstrip("\r\n"):
        return None
    return [match[1], *_SEPARATORS.split(line[match.end() :].rstrip("\r\n"))[1:]]

"""After a damaged row: where the next good one begins."""

import re

from bouncehandler.record import parse_address

_ROW_START = re.compile(r'\ufeff?"?(?:b|rb|d|t|tq|r|rs|f|type)"?,', re.IGNORECASE)
_GLUED_HEADER = re.compile(r'\ufeff?"?type"?,"?time(?:Logged|Queued|Imprinted)"?,', re.IGNORECASE)


def next_start(lines: list[str], after: int, end: int) -> int:
    """Index of the first line in `after`..`end` that begins like a row, accounting or list; `end` where none does.

    Only a row that is damaged is searched: what a well-formed quoted cell holds is never taken for a row, since a
    remote server may have written it.
    """
    return next((at for at in range(after, end) if _begins_row(lines[at])), end)


def glued_header(line: str) -> int:
    """Where in a line a header begins behind a row that was torn off; 0 where none does.

    `cat` of a file whose last row is torn writes the next file's header on the same line.
    """
    match = _GLUED_HEADER.search(line, 1)
    return match.start() if match else 0


def has_swallowed_rows(lines: list[str], width: int) -> bool:
    """Whether an open quoted cell has taken in what looks like whole rows, `width` cells wide or a list's."""
    return any(_begins_row(line) and (line.count(",") + 1 >= width or "@" in line[:width]) for line in lines[1:])


def _begins_row(line: str) -> bool:
    return bool(_ROW_START.match(line)) or parse_address(line.partition(",")[0].strip(' \r\n"')) is not None

"""Lists of suppressions and of dead letters, read page by page; each read is short."""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice

from bouncehandler.spool.admin import DeadLetter, Selection
from bouncehandler.spool.sqlite.codec import suppression_of
from bouncehandler.spool.sqlite.connection import Connection, Row
from bouncehandler.suppression import Suppression

PAGE = 1000
"""Rows that one read looks at. Under a rollback journal a read that goes on and on keeps every writer waiting."""


def suppressions(connection: Connection, selection: Selection) -> Iterator[Suppression]:
    """See `Spool.suppressions`."""
    pages = _pages_of_recipient if selection.recipient is not None else _pages_of_all
    left = selection.limit
    for page in pages(connection, selection):
        for row in page[:left]:
            yield suppression_of(row)
        if left is not None:
            left -= min(left, len(page))
            if not left:
                return


def _pages_of_all(connection: Connection, selection: Selection) -> Iterator[list[Row]]:
    newest = connection.rows("newest_suppression")[0][0]
    oldest = connection.rows("oldest_suppression")[0][0]  # what was pruned before it need not be paged through
    for after in range(oldest - 1, newest, PAGE):
        window = {"after": after, "through": min(after + PAGE, newest)}
        yield connection.rows("suppressions", {**asdict(selection), **window})


def _pages_of_recipient(connection: Connection, selection: Selection) -> Iterator[list[Row]]:
    after = 0
    while page := connection.rows("suppressions_of_recipient", {**asdict(selection), "after": after, "limit": PAGE}):
        yield page
        after = page[-1][-1]


def dead_letters(connection: Connection, selection: Selection) -> Iterator[DeadLetter]:
    """See `Spool.dead_letters`."""
    return _letters(connection, selection, "dead_letters", "dead_letters_page")


def dropped(connection: Connection, selection: Selection) -> Iterator[DeadLetter]:
    """See `Spool.dropped`."""
    return _letters(connection, selection, "dropped_dead_letters", "dropped_dead_letters_page")


def _letters(connection: Connection, selection: Selection, statement: str, pages: str) -> Iterator[DeadLetter]:
    error = (selection.error or "").casefold()  # SQLite knows the case of ASCII alone
    found = (
        DeadLetter(number, provider, suppression_of(tuple(fields)), attempts, died_at, answer, note)
        for page in _pages_of_letters(connection, selection, statement, pages)
        for number, provider, attempts, died_at, answer, note, *fields in page
        if error in answer.casefold()
    )
    return islice(found, selection.limit)


def _pages_of_letters(connection: Connection, selection: Selection, statement: str, pages: str) -> Iterator[list[Row]]:
    after = 0
    while upto := connection.rows(pages, {"after": after, "limit": PAGE})[0][0]:
        yield connection.rows(statement, {**asdict(selection), "after": after, "through": upto})
        after = upto

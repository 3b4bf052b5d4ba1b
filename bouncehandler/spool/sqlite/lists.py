"""Lists of suppressions, dead letters and manual actions, read page by page; each read is short."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice

from bouncehandler.record import moment_of
from bouncehandler.spool.admin import ActiveSuppression, DeadLetter, ManualAction, Selection
from bouncehandler.spool.sqlite.codec import sanitize_text, suppression_of
from bouncehandler.spool.sqlite.connection import Row, SpoolPart
from bouncehandler.suppression import Suppression

PAGE = 1000
"""Rows that one read looks at. Under a rollback journal a read that goes on and on keeps every writer waiting."""

_EVENT_PAGE = 5000
"""Events that one read looks at."""

_MAX_OF_SUBJECT = 1000
"""Suppressions of one subject that are listed."""


class SqliteLists(SpoolPart):
    """Lists for the administration."""

    def suppressions(self, selection: Selection) -> Iterator[Suppression]:
        pages = self._pages_of_all if selection.recipient is None else self._pages_of_recipient
        rows = (row for page in pages(selection) for row in page)
        return map(suppression_of, islice(rows, selection.limit))

    def active_suppression(self, subject: str, record: str) -> ActiveSuppression | None:
        return next(iter(self._active("active_suppressions_at", subject, beginning=record)), None)

    def active_suppressions(self, subject: str) -> list[ActiveSuppression]:
        return self._active("active_suppressions", subject, limit=_MAX_OF_SUBJECT)

    def active_suppressions_at(self, subject: str, record: str) -> list[ActiveSuppression]:
        moment = moment_of(record)
        return self._active("active_suppressions_at", subject, beginning=moment) if moment else []

    def dead_letters(self, selection: Selection) -> Iterator[DeadLetter]:
        return self._dead_letters(selection, "dead_letters_page", is_dropped=False)

    def dropped(self, selection: Selection) -> Iterator[DeadLetter]:
        return self._dead_letters(selection, "dropped_dead_letters_page", is_dropped=True)

    def manual_actions(self, since: float, until: float) -> list[ManualAction]:
        counts: Counter[tuple[str, str, str]] = Counter()
        through = self._connection.rows("newest_event")[0][0]
        while through > 0:
            window = {"after": max(0, through - _EVENT_PAGE), "through": through, "since": since, "until": until}
            rows = self._connection.rows("manual_actions", window)
            for event, asked_by, provider, number, _ in rows:
                counts[event, asked_by, provider] += number
            if rows and max(row[-1] for row in rows) < since:
                break
            through -= _EVENT_PAGE
        return [ManualAction(*key, number) for key, number in counts.most_common() if number]

    def _pages_of_all(self, selection: Selection) -> Iterator[list[Row]]:
        newest = self._connection.rows("newest_suppression")[0][0]
        oldest = self._connection.rows("oldest_suppression")[0][0]  # older ids were pruned: no need to page through
        for after in range(oldest - 1, newest, PAGE):
            window = {"after": after, "through": min(after + PAGE, newest)}
            yield self._connection.rows("suppressions", {**asdict(selection), **window})

    def _pages_of_recipient(self, selection: Selection) -> Iterator[list[Row]]:
        after, values = 0, {**asdict(selection), "limit": PAGE}
        while page := self._connection.rows("suppressions_of_recipient", {**values, "after": after}):
            yield page
            after = page[-1][-1]

    def _active(self, query: str, subject: str, **values: object) -> list[ActiveSuppression]:
        rows = self._connection.rows(query, {"subject": sanitize_text(subject), **values})
        return [
            ActiveSuppression(
                record, reason, diagnostic, None if at is None else datetime.fromtimestamp(at, UTC), bool(is_held)
            )
            for record, reason, diagnostic, at, is_held in rows
        ]

    def _dead_letters(self, selection: Selection, page_end: str, *, is_dropped: bool) -> Iterator[DeadLetter]:
        error = (selection.error or "").casefold()  # SQLite knows the case of ASCII alone
        found = (
            DeadLetter(number, provider, suppression_of(tuple(fields)), attempts, died_at, answer, note)
            for page in self._pages_of_dead_letters(selection, page_end, is_dropped=is_dropped)
            for number, provider, attempts, died_at, answer, note, *fields in page
            if error in answer.casefold()
        )
        return islice(found, selection.limit)

    def _pages_of_dead_letters(self, selection: Selection, page_end: str, *, is_dropped: bool) -> Iterator[list[Row]]:
        after, values = 0, {**asdict(selection), "is_dropped": is_dropped}
        while through := self._connection.rows(page_end, {"after": after, "limit": PAGE})[0][0]:
            yield self._connection.rows("dead_letters", {**values, "after": after, "through": through})
            after = through

"""Many bounces, a column each: what is done to all of them alike is quicker that way."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property, partial
from operator import itemgetter
from typing import Any, Self

from bouncehandler.record import Bounce
from bouncehandler.record.address import Address
from bouncehandler.record.dsn_status import status_text
from bouncehandler.record.record_id import ids_of

_new_bounce: Callable[[tuple[object, ...]], Bounce] = partial(tuple.__new__, Bounce)
"""Little more than half the time of `Bounce(...)`."""


def picker(places: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """A function from a column to what it has at these places, one at least."""
    return itemgetter(*places) if len(places) > 1 else itemgetter(slice(places[0], places[0] + 1))


class BounceBatch:
    """Bounces in their order, each field of theirs in the same order; what takes time is found out when it is asked.

    Args:
        columns: a sequence for each field of `Bounce`, all of the same length.
    """

    def __init__(self, columns: Iterable[Sequence[Any]]) -> None:
        self._columns = tuple(columns)
        self.record_types: Sequence[str]
        self.recipients: Sequence[Address]
        self.originators: Sequence[str]
        self.categories: Sequence[str]
        self.status_texts: Sequence[str]
        self.diagnostics: Sequence[str]
        self.remote_mtas: Sequence[str]
        self.job_ids: Sequence[str]
        self.vmtas: Sequence[str]
        self.source_ips: Sequence[str]
        (
            self.record_types,
            self.recipients,
            self._logged_at,
            self._queued_at,
            self.originators,
            self.categories,
            self._statuses,
            self.status_texts,
            self.diagnostics,
            self.remote_mtas,
            self.job_ids,
            self.vmtas,
            self.source_ips,
        ) = self._columns

    @classmethod
    def of(cls, rows: Sequence[Bounce]) -> Self:
        """Of bounces one by one; none is fine."""
        return cls(zip(*rows, strict=True) if rows else ((),) * len(Bounce._fields))

    def __len__(self) -> int:
        return len(self.record_types)

    def __iter__(self) -> Iterator[Bounce]:
        """One by one."""
        return map(_new_bounce, zip(*self._columns, strict=True))

    def those(self, places: Sequence[int]) -> "BounceBatch":
        """Those at these places."""
        return BounceBatch(map(picker(places), self._columns))

    @cached_property
    def codes(self) -> list[str]:
        """`5.1.1`; empty where there is no status."""
        return list(map(status_text, self._statuses))

    @cached_property
    def domains(self) -> list[str]:
        """Those of the recipients."""
        return [to[to.rfind("@") + 1 :] for to in self.recipients]

    @cached_property
    def occurred_at(self) -> list[datetime | None]:
        """See `Bounce.occurred_at`."""
        return [logged or queued for logged, queued in zip(self._logged_at, self._queued_at, strict=True)]

    @cached_property
    def said(self) -> list[str]:
        """The diagnostics without the recipients, so that many are the same."""
        return [text.replace(to, "") for text, to in zip(self.diagnostics, self.recipients, strict=True)]

    @cached_property
    def ids(self) -> list[str]:
        """See `Bounce.id`."""
        times = [queued or logged for logged, queued in zip(self._logged_at, self._queued_at, strict=True)]
        last = [""] * len(times)
        if None in times:
            last = ["" if at else text for at, text in zip(times, self.diagnostics, strict=True)]
        fields = (self.record_types, self.recipients, self.originators, self.categories, self.codes, self.job_ids, last)
        return ids_of(times, list(zip(*fields, strict=True)))

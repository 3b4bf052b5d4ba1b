"""Bounces, stored as one column per field."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Self

from bouncehandler.record import Bounce
from bouncehandler.record.address import Address
from bouncehandler.record.column_batch import Column, ColumnBatch
from bouncehandler.record.dsn_status import DsnStatus, status_text
from bouncehandler.record.record_id import ids_of


class BounceBatch(ColumnBatch[Bounce]):
    """Bounces in order; derived columns are computed on first use.

    Args:
        columns: by field of `Bounce`, all of the same length.
    """

    record_types = Column[str]("record_type")
    recipients = Column[Address]("recipient")
    logged_at = Column[datetime | None]("logged_at")
    queued_at = Column[datetime | None]("queued_at")
    originators = Column[str]("originator")
    categories = Column[str]("category")
    statuses = Column[DsnStatus | None]("status")
    status_texts = Column[str]("status_text")
    diagnostics = Column[str]("diagnostic")
    remote_mtas = Column[str]("remote_mta")
    job_ids = Column[str]("job_id")

    def __init__(self, columns: Mapping[str, Sequence[Any]]) -> None:
        super().__init__(Bounce, columns)

    @classmethod
    def from_rows(cls, rows: Sequence[Bounce]) -> Self:
        """A batch of single bounces; no rows make an empty batch."""
        columns = zip(*rows, strict=True) if rows else ((),) * len(Bounce._fields)
        return cls(dict(zip(Bounce._fields, columns, strict=True)))

    @cached_property
    def codes(self) -> list[str]:
        """`5.1.1`; empty where there is no status."""
        return list(map(status_text, self.statuses))

    @cached_property
    def domains(self) -> list[str]:
        """Domains of the recipients."""
        return [to[to.rfind("@") + 1 :] for to in self.recipients]

    @cached_property
    def occurred_at(self) -> list[datetime | None]:
        """See `Bounce.occurred_at`."""
        return [logged or queued for logged, queued in zip(self.logged_at, self.queued_at, strict=True)]

    @cached_property
    def impersonal_diagnostics(self) -> list[str]:
        """Diagnostics without the recipient's address, so that many of them are equal."""
        return [text.replace(to, "") for text, to in zip(self.diagnostics, self.recipients, strict=True)]

    @cached_property
    def ids(self) -> list[str]:
        """See `Bounce.id`."""
        times = [queued or logged for logged, queued in zip(self.logged_at, self.queued_at, strict=True)]
        last = [""] * len(times)
        if None in times:
            last = ["" if at else text for at, text in zip(times, self.diagnostics, strict=True)]
        fields = (self.record_types, self.recipients, self.originators, self.categories, self.codes, self.job_ids, last)
        return ids_of(times, list(zip(*fields, strict=True)))

"""What the tables of the configuration have in common."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bouncehandler.durations import Duration

Positive = Annotated[Duration, Field(gt=0)]
"""Seconds, more than 0."""


class Section(BaseModel):
    """A table of the configuration: what it doesn't know it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _whole(value: object) -> object:
    """Refuse `true`, which Python takes for 1."""
    if isinstance(value, bool):
        raise ValueError("must be a whole number")  # noqa: TRY004  # pydantic turns only this one into a sentence
    return value


Whole = Annotated[int, BeforeValidator(_whole)]

"""Settings of the policy: actions by bounce category, DSN status and feedback type."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, GetPydanticSchema, PlainSerializer, Tag

from bouncehandler import policy
from bouncehandler.durations import format_duration
from bouncehandler.settings.sections import Positive, Section, Whole
from bouncehandler.settings.sources import Table


class ThresholdTable(Section):
    """`{ suppress_after = 3, within = "21d" }`."""

    suppress_after: Annotated[Whole, Field(ge=2)]
    within: Positive = 21 * 86400.0


WORD, TABLE = "<word>", "<table>"
"""Tags in pydantic's error locations that are not in the file."""


def _form(value: object) -> str | None:
    if isinstance(value, str):
        return WORD if value in {"suppress", "ignore"} else None
    return TABLE if isinstance(value, dict) else None


def _threshold(table: ThresholdTable) -> policy.Threshold:
    return policy.Threshold(table.suppress_after, timedelta(seconds=table.within))


def _as_written(action: policy.Action) -> str | Table:
    if isinstance(action, str):
        return action
    return {"suppress_after": action.suppress_after, "within": format_duration(action.within.total_seconds())}


_Forms = Annotated[
    Annotated[Literal["suppress", "ignore"], Tag(WORD)]
    | Annotated[ThresholdTable, AfterValidator(_threshold), Tag(TABLE)],
    Discriminator(
        _form,
        custom_error_type="not_an_action",
        custom_error_message='must be "suppress", "ignore" or a table such as { suppress_after = 3, within = "21d" }',
    ),
]
Action = Annotated[
    policy.Action, GetPydanticSchema(lambda _, handler: handler(_Forms)), PlainSerializer(_as_written, return_type=Any)
]


def _spelled_out(value: object) -> object:
    """Expand `"count"` to the default threshold of a temporary status."""
    return _as_written(policy.DEFAULT_STATUS["4.x.x"]) if value == "count" else value


def category_name(name: str) -> str:
    """Validate a bounce category, an open set: refuse another spelling of a known one."""
    meant = name.strip().lower().replace("_", "-")
    if name not in policy.DEFAULT_BOUNCE and meant in policy.DEFAULT_BOUNCE:
        raise ValueError(f"is not how PowerMTA writes it; write {meant}")
    return name


def status_pattern(pattern: str) -> str:
    """Validate a DSN status, `x` for any number."""
    if not re.fullmatch(r"(?:[245]|x)(?:\.(?:0|[1-9][0-9]{0,2}|x)){2}", pattern):
        raise ValueError("must be a status such as 5.1.1, or a pattern such as 4.x.x or 5.7.x")
    return pattern


def _feedback_type(name: str) -> str:
    meant = name.strip().lower().replace("_", "-")
    if name != meant:
        raise ValueError(f"is not how reports write it; write {meant}")
    return name


def _over_defaults(defaults: Mapping[str, object]) -> AfterValidator:
    return AfterValidator(lambda named: {**defaults, **named})


class PolicySettings(Section):
    """`[policy]`: plain data for `Policy`; names that are not given keep their default."""

    bounce: Annotated[
        dict[Annotated[str, AfterValidator(category_name)], Action], _over_defaults(policy.DEFAULT_BOUNCE)
    ] = Field(default_factory=lambda: dict(policy.DEFAULT_BOUNCE))
    """Actions by bounce category; `*` stands for all others."""
    status: Annotated[
        dict[Annotated[str, AfterValidator(status_pattern)], Annotated[Action, BeforeValidator(_spelled_out)]],
        _over_defaults(policy.DEFAULT_STATUS),
    ] = Field(default_factory=lambda: dict(policy.DEFAULT_STATUS))
    """Actions by DSN status, `x` for any number, which override a category that would suppress."""
    rules: Path | None = None
    """File of the site's own classification rules, which precede the shipped ones."""
    shipped_rules: bool = True
    """Whether the rules that come with the program apply."""
    suppression_list_hit: Literal["suppress", "ignore"] = "ignore"
    complaint: Annotated[
        dict[Annotated[str, AfterValidator(_feedback_type)], Literal["suppress", "ignore"]],
        _over_defaults(policy.DEFAULT_COMPLAINT),
    ] = Field(default_factory=lambda: dict(policy.DEFAULT_COMPLAINT))
    """Actions by feedback type; `*` stands for all others."""

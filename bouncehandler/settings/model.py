"""The settings, section by section, with their defaults; `config/bouncehandler.toml` explains each to the operator."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    Secret,
    SecretStr,
    model_validator,
)
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from bouncehandler.accounting import DEFAULT_COLUMNS
from bouncehandler.durations import Duration, Rate
from bouncehandler.settings.mail import NotifySettings, UnsubscribeSection, tables
from bouncehandler.settings.policy import PolicySettings
from bouncehandler.settings.sections import HoldSettings, Keep, KeepSettings, MetricsSettings, Positive, Section, Whole
from bouncehandler.settings.sources import Table, split_list
from bouncehandler.spool import SpoolError
from bouncehandler.spool.sqlite.files import path_of

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0


def _distinct_words(names: list[str]) -> list[str]:
    if [name.lower() for name in names[:1]] != ["type"] or "rcpt" not in map(str.lower, names):
        raise ValueError("must begin with the column type and hold the column rcpt")
    return names


Words = Annotated[list[str], BeforeValidator(split_list)]
Columns = Annotated[Words, AfterValidator(_distinct_words)]


def _spool_url(url: str) -> str:
    try:
        path_of(url)
    except SpoolError:
        raise ValueError("must be sqlite:/// and a path, such as sqlite:////var/lib/bouncehandler/spool.db") from None
    return url


class SpoolSettings(Section):
    """`[spool]`: where suppressions are kept until every provider has heard of them."""

    url: Annotated[str, AfterValidator(_spool_url)]
    """Without one, `spool.db` in the user's state folder."""
    batch_rows: Annotated[Whole, Field(ge=1, le=100_000)] = 1000
    """Suppressions that are committed together at most."""
    keep_done: Keep = 90 * _DAY
    """Seconds for which suppressions are kept after every provider has heard of them; None: for ever."""
    keep: KeepSettings = Field(default_factory=dict, validate_default=True)
    """Other times than `keep_done`, by kind."""

    def kept(self, kind: str) -> float | None:
        """Seconds for which this kind is kept after it was done; None: for ever."""
        has_own = kind == "figures" or kind in self.keep.model_fields_set
        seconds: float | None = getattr(self.keep, kind) if has_own else self.keep_done
        return seconds


class DispatchSettings(Section):
    """`[dispatch]`: how patiently providers are called; all in seconds."""

    schedule: Annotated[list[Positive], BeforeValidator(split_list), Field(min_length=1)] = Field(
        default_factory=lambda: [
            _MINUTE, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 10 * _HOUR, _DAY, _DAY,
        ]
    )  # fmt: skip
    """The waits between attempts; after the last one a dispatch is a dead letter."""
    repeat_after: Duration = _DAY
    """A recipient carried out less than this ago is not sent to the same provider again."""
    probe_every: Positive = 5 * _MINUTE
    """How often a held provider is tried."""
    lease: Annotated[Positive, Field(ge=1)] = 60.0
    """How long a claim holds that nobody renews: the delay that a crash costs."""
    grace: Duration = 10.0
    """What calls in flight are given to finish at a stop."""
    patience: Duration = 30.0
    """What a run at its end of input gives a provider that asked to slow down."""


class LogSettings(Section):
    """`[log]`."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    addresses: Literal["masked", "plain"] = "masked"


class ColumnSettings(Section):
    """`[columns]`: the orders of columns in streams without a header."""

    b: Columns = Field(default_factory=lambda: list(DEFAULT_COLUMNS["b"]))
    f: Columns = Field(default_factory=lambda: list(DEFAULT_COLUMNS["f"]))


def _proxy(url: SecretStr) -> SecretStr:
    """It may hold a password: so no error repeats it."""
    try:
        parts = urlsplit(url.get_secret_value())
        is_usable = parts.scheme in {"http", "https"} and parts.hostname and (parts.port is None or parts.port)
    except ValueError:
        is_usable = False
    if not is_usable:
        raise ValueError("is not a URL of the form http://host:port")
    return url


def _originator(pattern: str) -> str:
    if not re.fullmatch(r"[^\s@*]+@[^\s@]+|[^\s]*\*[^\s]*", pattern):
        raise ValueError("must be an address such as news@example.com, or a pattern such as *@bounce.example.com")
    return pattern


class ProviderSection(Section):
    """`[providers.NAME]`: what every provider has, and in `options` what belongs to its adapter."""

    type: str
    """An entry point of the group `bouncehandler.providers`."""
    originators: Annotated[list[Annotated[str, AfterValidator(_originator)]], BeforeValidator(split_list)] = Field(
        default_factory=list
    )
    """Envelope senders whose bounces this provider wants, `*` for any text, without regard to case; empty wants all."""
    concurrency: Annotated[Whole, Field(ge=1, le=256)] = 8
    """Calls in flight at once, at most."""
    rate: Rate | None = None
    """Calls per second, at most; None for no bound."""
    timeout: Positive = 30.0
    """Seconds for a whole call."""
    proxy: Annotated[SecretStr, AfterValidator(_proxy)] | None = None
    ca_file: Path | None = None
    """Certificate authorities to trust instead of the public ones, as PEM."""
    options: Secret[dict[str, Any]] = Secret({})
    """The adapter's own keys, as written; secrets among them."""

    @model_validator(mode="before")
    @classmethod
    def _leave_the_rest_to_the_adapter(cls, table: object) -> object:
        if not isinstance(table, dict):
            return table
        common = cls.model_fields.keys() - {"options"}
        rest = {key: value for key, value in table.items() if key not in common}
        return {key: value for key, value in table.items() if key in common} | {"options": rest}


def _provider_name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise ValueError("is not a name for a provider; use a to z, 0 to 9 and _")
    return name


class Settings(BaseSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    spool: SpoolSettings
    policy: PolicySettings = Field(default_factory=dict, validate_default=True)
    dispatch: DispatchSettings = Field(default_factory=dict, validate_default=True)
    log: LogSettings = Field(default_factory=dict, validate_default=True)
    columns: ColumnSettings = Field(default_factory=dict, validate_default=True)
    hold: HoldSettings = Field(default_factory=dict, validate_default=True)
    notify: NotifySettings = Field(default_factory=dict, validate_default=True)
    metrics: MetricsSettings = Field(default_factory=dict, validate_default=True)
    unsubscribe: Annotated[list[UnsubscribeSection], BeforeValidator(tables)] = Field(default_factory=list)
    """The first that fits an address counts."""
    providers: dict[Annotated[str, AfterValidator(_provider_name)], ProviderSection] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _whose_ids(self) -> Self:
        for section in self.unsubscribe:
            if section.provider and section.provider not in self.providers:
                raise ValueError(f"unsubscribe names the provider {section.provider}, which is not configured")
        return self

    @classmethod
    def merged(cls, *tables: Table) -> Self:
        """The settings of several tables; where they disagree, the earlier one holds.

        Raises:
            pydantic.ValidationError: a setting is unknown or wrong.
        """
        return cls.model_validate({"tables": tables})

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # takes keys like 0123 for numbers, skips unknown ones
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # nothing is read that nobody named
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only the tables that `merged` was given."""
        given = init_settings()
        return tuple(InitSettingsSource(settings_cls, table) for table in given.get("tables", (given,)))

"""Tables of the configuration with their defaults; `config/bouncehandler.toml` explains each to the operator."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, GetPydanticSchema, Secret, SecretStr, model_validator
from pydantic_core.core_schema import no_info_plain_validator_function
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from bouncehandler.accounting import DEFAULT_COLUMNS
from bouncehandler.durations import Duration, Rate
from bouncehandler.settings.mail import NotifySettings, UnsubscribeSection, tables
from bouncehandler.settings.policy import PolicySettings
from bouncehandler.settings.sections import HoldSettings, Keep, KeepSettings, MetricsSettings, Positive, Section, Whole
from bouncehandler.settings.sources import Table, split_list
from bouncehandler.spool import SpoolError
from bouncehandler.spool.url import path_of

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0

_T = TypeVar("_T")

Given = Annotated[_T, GetPydanticSchema(lambda table, _: no_info_plain_validator_function(table.model_validate))]
"""A table whose validator is built where a configuration holds the table, and else never: most of a start was that."""


def _distinct_words(names: list[str]) -> list[str]:
    if [name.lower() for name in names[:1]] != ["type"] or "rcpt" not in map(str.lower, names):
        raise ValueError("must begin with the column type and hold the column rcpt")
    return names


Columns = Annotated[list[str], BeforeValidator(split_list), AfterValidator(_distinct_words)]


def _spool_url(url: str) -> str:
    try:
        path_of(url)
    except SpoolError:
        raise ValueError("must be sqlite:/// and a path, such as sqlite:////var/lib/bouncehandler/spool.db") from None
    return url


class SpoolSettings(Section):
    """`[spool]`: storage of suppressions and dispatches."""

    url: Annotated[str, AfterValidator(_spool_url)]
    """Default: `spool.db` in the user's state folder."""
    batch_rows: Annotated[Whole, Field(ge=1, le=100_000)] = 1000
    """Maximum of suppressions in one commit."""
    keep_done: Keep = 90 * _DAY
    """Seconds for which suppressions are kept after every provider has carried them out; None: for ever."""
    keep: Given[KeepSettings] = Field(default_factory=KeepSettings.model_construct)
    """Retention periods that differ from `keep_done`, by kind."""

    def kept(self, kind: str) -> float | None:
        """Retention period of a kind in seconds; None: for ever."""
        has_own = kind == "figures" or kind in self.keep.model_fields_set
        seconds: float | None = getattr(self.keep, kind) if has_own else self.keep_done
        return seconds


class DispatchSettings(Section):
    """`[dispatch]`: schedule and time limits of calls; all in seconds."""

    schedule: Annotated[list[Positive], BeforeValidator(split_list), Field(min_length=1)] = Field(
        default_factory=lambda: [
            _MINUTE, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 10 * _HOUR, _DAY, _DAY,
        ]
    )  # fmt: skip
    """Waits between attempts; after the last one a dispatch is a dead letter."""
    repeat_after: Duration = _DAY
    """A recipient dispatched less than this ago is not sent to the same provider again."""
    probe_every: Positive = 5 * _MINUTE
    """Interval of probes of a held provider."""
    lease: Annotated[Positive, Field(ge=1)] = 60.0
    """Lifetime of a claim that is not renewed: the delay after a crash."""
    grace: Duration = 10.0
    """Time for calls in flight to finish at a stop."""
    patience: Duration = 30.0
    """Time that a run, at the end of its input, waits for a provider that asked to slow down."""


class LogSettings(Section):
    """`[log]`: level, and masking of addresses."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    addresses: Literal["masked", "plain"] = "masked"


class ColumnSettings(Section):
    """`[columns]`: order of columns in streams without a header."""

    b: Columns = Field(default_factory=lambda: list(DEFAULT_COLUMNS["b"]))
    f: Columns = Field(default_factory=lambda: list(DEFAULT_COLUMNS["f"]))


def _proxy(url: SecretStr) -> SecretStr:
    """Validate the URL of a proxy; no error repeats it, since it may hold a password."""
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
    """`[providers.NAME]`: keys of every provider, and in `options` those of its adapter."""

    type: str
    """Entry point of the group `bouncehandler.providers`."""
    originators: Annotated[list[Annotated[str, AfterValidator(_originator)]], BeforeValidator(split_list)] = Field(
        default_factory=list
    )
    """Envelope senders whose bounces are routed here, `*` for any text, without regard to case; empty: all."""
    concurrency: Annotated[Whole, Field(ge=1, le=256)] = 8
    """Maximum of calls in flight."""
    rate: Rate | None = None
    """Maximum of calls per second; None: unlimited."""
    timeout: Positive = 30.0
    """Seconds for a whole call."""
    proxy: Annotated[SecretStr, AfterValidator(_proxy)] | None = None
    ca_file: Path | None = None
    """Certificate authorities to trust instead of the public ones, as PEM."""
    options: Secret[dict[str, Any]] = Secret({})
    """Keys of the adapter, as written; secrets among them."""

    @model_validator(mode="before")
    @classmethod
    def _split_off_options(cls, table: object) -> object:
        if not isinstance(table, dict):
            return table
        rest = {key: value for key, value in table.items() if key not in COMMON_KEYS}
        return {key: value for key, value in table.items() if key in COMMON_KEYS} | {"options": rest}


COMMON_KEYS = ProviderSection.model_fields.keys() - {"options"}
"""Keys of every provider."""


def _provider_name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise ValueError("is not a name for a provider; use a to z, 0 to 9 and _")
    return name


class Settings(BaseSettings):
    """Whole configuration."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    spool: SpoolSettings
    policy: Given[PolicySettings] = Field(default_factory=PolicySettings.model_construct)
    dispatch: Given[DispatchSettings] = Field(default_factory=DispatchSettings.model_construct)
    log: Given[LogSettings] = Field(default_factory=LogSettings.model_construct)
    columns: Given[ColumnSettings] = Field(default_factory=ColumnSettings.model_construct)
    hold: Given[HoldSettings] = Field(default_factory=HoldSettings.model_construct)
    notify: Given[NotifySettings] = Field(default_factory=NotifySettings.model_construct)
    metrics: Given[MetricsSettings] = Field(default_factory=MetricsSettings.model_construct)
    unsubscribe: Annotated[list[Given[UnsubscribeSection]], BeforeValidator(tables)] = []
    """The first domain that matches an address counts."""
    providers: dict[Annotated[str, AfterValidator(_provider_name)], Given[ProviderSection]] = {}

    @model_validator(mode="after")
    def _ensure_provider_exists(self) -> Self:
        for section in self.unsubscribe:
            if section.provider and section.provider not in self.providers:
                raise ValueError(f"unsubscribe names the provider {section.provider}, which is not configured")
        return self

    @classmethod
    def merged(cls, *tables: Table) -> Self:
        """Build the settings out of several tables; the earlier one has precedence.

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
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # only named files are read
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Use only the tables passed to `merged`."""
        given = init_settings()
        return tuple(InitSettingsSource(settings_cls, table) for table in given.get("tables", (given,)))

"""Tables for mail: domains of List-Unsubscribe addresses, and notices to the postmaster."""

import json
import re
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from bouncehandler.durations import Duration
from bouncehandler.record import parse_address
from bouncehandler.settings.sections import Positive, Section
from bouncehandler.settings.sources import split_list

_DOMAIN = re.compile(r"(?=.{1,255}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+")
_FIELD = re.compile(r"\{([a-z]*)\}")
_LITERAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`|~.-]*")
_SHORTEST_SECRET = 16
"""Characters; a token is as safe as its secret is hard to guess."""


def _domain(name: str) -> str:
    name = name.strip().lower().removesuffix(".")
    if not _DOMAIN.fullmatch(name):
        raise ValueError("must be a domain such as fbl-unsub.example.com")
    return name


def _pattern(pattern: str) -> str:
    """Refuse a pattern that an address could match in more than one way."""
    literals = _FIELD.split(pattern)[::2]
    fields = _FIELD.findall(pattern)
    if sorted(fields) not in (["list", "subscriber"], ["campaign", "list", "subscriber"]):
        raise ValueError("must hold {subscriber} and {list}, and may hold {campaign}, each once")
    if not all(_LITERAL.fullmatch(literal) for literal in literals):
        raise ValueError("must be the part before the @: letters, digits, and signs such as . + - =")
    if not all(literal and not literal[0].isalnum() for literal in literals[1:-1]):
        raise ValueError("must have a sign such as . or - between two fields")
    if literals[-1][:1].isalnum():
        raise ValueError("must not have a letter or a digit right behind a field")
    return pattern


def _secret(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < _SHORTEST_SECRET:
        raise ValueError(f"must have {_SHORTEST_SECRET} characters or more; `openssl rand -hex 32` makes one")
    return secret


class UnsubscribeSection(Section):
    """`[[unsubscribe]]`: a domain whose mail is handed to `bouncehandler unsubscribe`."""

    domain: Annotated[str, AfterValidator(_domain)]
    pattern: Annotated[str, AfterValidator(_pattern)] | None = None
    """Local part, with `{subscriber}`, `{list}` and `{campaign}` for the list manager's ids."""
    provider: str | None = None
    """Provider that the ids belong to."""
    secret: Annotated[SecretStr, AfterValidator(_secret)] | None = None
    """Key of signed tokens; without one, they are refused."""
    old_secret: Annotated[SecretStr, AfterValidator(_secret)] | None = None
    """Former `secret`, whose tokens are still accepted."""

    @model_validator(mode="after")
    def _ensure_usable(self) -> Self:
        if not (self.pattern or self.secret):
            raise ValueError("needs a pattern with a provider, or a secret, or both")
        if bool(self.pattern) != bool(self.provider):
            raise ValueError("needs pattern and provider together: whose ids are they?")
        return self


def tables(value: object) -> object:
    """Parse text from the environment as a list of tables; other values stay."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        raise ValueError("is not a JSON list of tables") from None


def _mailbox(address: str) -> str:
    if parse_address(address) is None:
        raise ValueError("must be an address such as postmaster@example.com")
    return address


def _host_and_port(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not re.fullmatch(r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+", host) or not re.fullmatch(r"[0-9]{1,5}", port):
        raise ValueError("must be a host and a port, such as localhost:25")
    if not 0 < int(port) < 65536:  # noqa: PLR2004  # RFC 9293 3.1
        raise ValueError("must have a port from 1 to 65535")
    return text


def _time_of_day(text: str) -> str:
    if not re.fullmatch(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise ValueError("must be a time of day such as 07:00")
    return text


NoticeName = Literal["complaint", "unsubscribe", "held", "back", "dead", "spike", "unreadable"]


def _events(value: object) -> object:
    """Split a text; `wave` is the former name of `spike`, and stays valid."""
    events = split_list(value)
    return ["spike" if event == "wave" else event for event in events] if isinstance(events, list) else events


Share = Annotated[float, Field(gt=0, le=1)]


class NotifySettings(Section):
    """`[notify]`: notices and reports to the postmaster by mail; none without a recipient."""

    to: Annotated[list[Annotated[str, AfterValidator(_mailbox)]], BeforeValidator(split_list)] = Field(
        default_factory=list
    )
    """Recipients; empty: nothing is queued."""
    sender: Annotated[str, AfterValidator(_mailbox)] | None = None
    """Default: bouncehandler@ this host's name."""
    events: Annotated[list[NoticeName], BeforeValidator(_events)] = Field(
        default_factory=lambda: list(get_args(NoticeName))
    )
    """Kinds of notices."""
    every: Annotated[Duration, BeforeValidator(lambda value: "0s" if value == "each" else value)] = 900.0
    """Seconds between two digests; the first after silence goes at once. 0, or `each`: a mail for each event."""
    unreadable_share: Share = 0.01
    """Share of unreadable rows of an input, beyond which a notice is sent."""
    addresses: Literal["masked", "plain"] = "masked"
    report: Literal["off", "daily", "weekly"] = "off"
    """Interval of reports, as mails of their own; weekly: on Mondays."""
    report_at: Annotated[str, AfterValidator(_time_of_day)] = "07:00"
    """Time of day of reports, by this host's clock and time zone."""
    smtp: Annotated[str, AfterValidator(_host_and_port)] = "localhost:25"
    tls: Literal["none", "starttls", "tls"] = "none"
    username: str | None = None
    password: SecretStr | None = None
    timeout: Positive = 30.0
    """Seconds for each answer of the SMTP server."""

    @model_validator(mode="after")
    def _ensure_recipient(self) -> Self:
        if self.report != "off" and not self.to:
            raise ValueError("report needs a recipient in `to`")
        return self

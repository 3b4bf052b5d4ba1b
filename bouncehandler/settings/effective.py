"""Which settings differ from their defaults, and where each came from; secrets only as being set."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel

from bouncehandler.settings.error_messages import dotted
from bouncehandler.settings.model import ProviderSection, Settings
from bouncehandler.settings.provider_options import secret_keys
from bouncehandler.settings.sources import Key, Source, read_environment, read_file

_NOTHING = object()
_NOWHERE = "sqlite:////dev/null"
"""A spool that nobody has: where one lies is always told."""
_CREDENTIALS = re.compile(r"(?<=://)[^/\s\"?]*(?=@)|(?<=\?)[^\s\"]+")
"""Of a URL: user and password, and its query, which may hold a token."""
_HIDDEN = "[...]"
_LONGEST = 200
"""Characters of a value that are shown."""
_SECRET_NAME = re.compile("auth|key|passw|secret|token", re.IGNORECASE)
"""What a stranger's adapter may hold as plain text."""
_SECRETS = frozenset({"secret", "old_secret", "password", "proxy"})
"""Outside of what belongs to an adapter."""


class Effective(NamedTuple):
    """One setting that somebody made."""

    key: str
    """Dotted, as an error names it."""
    value: str
    """As JSON; empty for a secret, which is set."""
    source: str
    """The file or the variable that it came from, and for a secret the file that holds it."""


def effective(
    path: Path | None, environ: Mapping[str, str], settings: Settings, models: Mapping[str, type[BaseModel]]
) -> Iterator[Effective]:
    """The settings that differ from their defaults, in the order of the sources: file, then environment.

    Args:
        path: the file that `load` was given.
        settings: what `load` made of it.
        models: by provider, the model of its adapter, which knows what is secret; where it is missing everything is.

    Raises:
        ConfigurationError: as `load`.
    """
    _, written = read_file(path, environ)
    variables = read_environment(environ)
    above = set(_leaves(variables.table))
    defaults = Settings.merged({"spool": {"url": _NOWHERE}})
    for source in (written, variables):
        for key, value in _leaves(source.table).items():
            is_overruled = source is written and any(key[: len(other)] == other for other in above)
            if not is_overruled and not _is_default(key, settings, defaults):
                yield _told(key, value, _named(key, source), models)


def _leaves(table: object, above: Key = ()) -> dict[Key, object]:
    """Every value that is no table, by its key; tables in a list are numbered from 0."""
    found: dict[Key, object] = {}
    inner = table.items() if isinstance(table, dict) else ()
    if isinstance(table, list) and any(isinstance(one, dict) for one in table):
        inner = enumerate(table)  # type: ignore[assignment]  # both are pairs of a key's part and a value
    for part, value in inner:
        found |= _leaves(value, (*above, part)) or {(*above, part): value}
    return found


def _is_default(key: Key, settings: Settings, defaults: Settings) -> bool:
    """Whether the setting has the value that it would have had anyway."""
    made: object = settings
    default: object = defaults
    for part in key:
        made, default = _inner(made, part), _inner(default, part)
    return default is not _NOTHING and made == default


def _inner(table: object, part: str | int) -> object:
    return table.get(part, _NOTHING) if isinstance(table, Mapping) else getattr(table, str(part), _NOTHING)


def _named(key: Key, source: Source) -> str:
    """The variable that gave the key, or a table above it; else the file."""
    for length in range(len(key), 0, -1):
        if key[:length] in source.names:
            return f"{source.names[key[:length]]} in the environment"
    return source.names.get((), "")


def _told(key: Key, value: object, source: str, models: Mapping[str, type[BaseModel]]) -> Effective:
    secrets = _secrets_of(key, models)
    name = str(key[-1])
    if name.removesuffix("_file") in secrets and name.endswith("_file"):
        return Effective(dotted((*key[:-1], name.removesuffix("_file"))), "", f"the file {value}, which {source} names")
    is_whole_table = len(key) == 1 and isinstance(value, str)  # as JSON, which may hold a secret
    if is_whole_table or "*" in secrets or secrets & {str(part) for part in key} or _SECRET_NAME.search(name):
        return Effective(dotted(key), "", source)
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = _CREDENTIALS.sub(_HIDDEN, text) if "://" in text else text
    return Effective(dotted(key), text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...", source)


def _secrets_of(key: Key, models: Mapping[str, type[BaseModel]]) -> frozenset[str]:
    """The names of secrets beside this key; `*` where it can't be known, and everything has to be taken for one."""
    if key[0] != "providers" or len(key) < 3 or key[2] in ProviderSection.model_fields:  # noqa: PLR2004  # providers, its name, its key
        return _SECRETS
    model = models.get(str(key[1]))
    return frozenset(secret_keys(model)) | {"proxy"} if model else frozenset({"*"})

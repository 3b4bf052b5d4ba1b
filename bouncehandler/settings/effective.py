"""Settings that differ from their defaults, with their sources; of secrets only that they are set."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel

from bouncehandler.settings.error_messages import dotted
from bouncehandler.settings.loading import SECRETS, source_of
from bouncehandler.settings.model import COMMON_KEYS, Settings
from bouncehandler.settings.model_keys import KeyKind, kind_of, secret_fields
from bouncehandler.settings.provider_options import unknown_keys
from bouncehandler.settings.sources import Key, Source, is_like_a_secret, read_environment, read_file

_NOTHING = object()
_NOWHERE = "sqlite:////dev/null"
"""Placeholder of the spool, whose location is always listed."""
_CREDENTIALS = re.compile(r"(?<=://).*(?=@)|[^/@]*:.*(?=@)|(?<=[?#]).+", re.DOTALL)
"""Parts of a URL, with or without scheme, that may hold credentials: user and password, query and fragment."""
_HIDDEN = "[...]"
_AT_ADAPTER = 3
"""Minimum of parts in a key of an adapter: providers, its name, the key."""
_LONGEST = 200
"""Characters of a value that are shown."""
_LONGEST_URL = 2000
"""Characters of a text in which credentials are searched; a longer one is not shown."""
_SECRET_NAME = re.compile("auth|key|passw|secret|token", re.IGNORECASE)
"""Keys that a stranger's adapter may hold as plain text."""


class Effective(NamedTuple):
    """Setting that differs from its default."""

    key: str
    """Dotted key, as in errors."""
    value: str
    """Value as JSON; empty for a secret."""
    source: str
    """File or variable that it came from, and for a secret the file that holds it."""


def effective(
    path: Path | None, environ: Mapping[str, str], settings: Settings, models: Mapping[str, type[BaseModel]]
) -> Iterator[Effective]:
    """List the settings that differ from their defaults, first those of the file, then of the environment.

    Args:
        path: the file that `load` was given.
        settings: what `load` made of it.
        models: by provider, the model of its adapter, which marks secrets; without one every value is secret.

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
                yield _effective(key, value, _named(key, source), models)


def _leaves(table: object, above: Key = ()) -> dict[Key, object]:
    """Values that are no tables, by key; tables in a list are numbered from 0."""
    found: dict[Key, object] = {}
    inner = table.items() if isinstance(table, dict) else ()
    if isinstance(table, list) and any(isinstance(one, dict) for one in table):
        inner = enumerate(table)  # type: ignore[assignment]  # both are pairs of a key's part and a value
    for part, value in inner:
        found |= _leaves(value, (*above, part)) or {(*above, part): value}
    return found


def _is_default(key: Key, settings: Settings, defaults: Settings) -> bool:
    made: object = settings
    default: object = defaults
    for part in key:
        made, default = _inner(made, part), _inner(default, part)
    return default is not _NOTHING and made == default


def _inner(table: object, part: str | int) -> object:
    return table.get(part, _NOTHING) if isinstance(table, Mapping) else getattr(table, str(part), _NOTHING)


def _named(key: Key, source: Source) -> str:
    """Variable that holds the key, or a table above it; else the file."""
    for length in range(len(key), 0, -1):
        if key[:length] in source.names:
            return f"{source.names[key[:length]]} in the environment"
    return source.names.get((), "")


def unknown(
    path: Path | None, environ: Mapping[str, str], settings: Settings, models: Mapping[str, type[BaseModel]]
) -> Iterator[str]:
    """Word a sentence for each key of a provider that its adapter does not know; `load` refuses other unknown keys.

    Args and raises as `effective`.
    """
    _, written = read_file(path, environ)
    variables = read_environment(environ)
    for name, model in models.items():
        options = settings.providers[name].options.get_secret_value()
        yield from unknown_keys(name, model, options, lambda key: source_of(key, variables, written))


def _effective(key: Key, value: object, source: str, models: Mapping[str, type[BaseModel]]) -> Effective:
    name = str(key[-1]).removesuffix("_file")
    if str(key[-1]) != name and name in _with_files(key, models):
        file = "a file" if is_like_a_secret(str(value)) else f"the file {value}"
        return Effective(dotted((*key[:-1], name)), "", f"{file}, which {source} names")
    if _is_hidden(key, value, models):
        return Effective(dotted(key), "", source)
    text = json.dumps(_plain(value), ensure_ascii=False, default=str)
    return Effective(dotted(key), text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...", source)


def _with_files(key: Key, models: Mapping[str, type[BaseModel]]) -> Iterable[str]:
    """Secrets beside this key, each `x` of which may be given as `x_file`."""
    if not _is_adapters(key):
        return SECRETS
    model = models.get(str(key[1]))
    return secret_fields(model) if model and len(key) == _AT_ADAPTER else ()


def _is_hidden(key: Key, value: object, models: Mapping[str, type[BaseModel]]) -> bool:
    """Whether a value is secret, or may be, since nothing is known of its key."""
    if not _is_adapters(key):
        is_whole_table = len(key) == 1 and isinstance(value, str)  # as JSON, which may hold a secret
        return is_whole_table or any(name in key for name in SECRETS) or (key[0] == "providers" and key[-1] == "proxy")
    model, own = models.get(str(key[1])), key[2:]
    is_known = model is not None and kind_of(model, own) is KeyKind.PLAIN
    return not is_known or any(_SECRET_NAME.search(str(part)) for part in own)


def _is_adapters(key: Key) -> bool:
    """Whether it is, or is within, a key of an adapter's own."""
    return key[0] == "providers" and len(key) >= _AT_ADAPTER and key[2] not in COMMON_KEYS


def _plain(value: object) -> object:
    """Remove the credentials, the query and the fragment of a URL."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, str):
        return _CREDENTIALS.sub(_HIDDEN, value) if len(value) <= _LONGEST_URL else _HIDDEN
    return value

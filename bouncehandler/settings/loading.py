"""Loads the configuration: the environment over the file over the defaults, then validated."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from operator import eq
from pathlib import Path

from pydantic import BaseModel, SecretStr, ValidationError

from bouncehandler.settings.error_messages import problems_of, sentences
from bouncehandler.settings.errors import ConfigurationError
from bouncehandler.settings.mail import UnsubscribeSection
from bouncehandler.settings.model import Settings
from bouncehandler.settings.policy import ThresholdTable
from bouncehandler.settings.provider_options import take_secrets
from bouncehandler.settings.sources import Key, Source, Table, is_like_a_secret, read_environment, read_file

SECRETS = ("secret", "old_secret", "password")
"""Secrets outside the providers; each `x` of them may be given as `x_file`."""


def load_settings(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Load the settings; see `bouncehandler.settings.load`."""
    file, written = read_file(path, environ)
    variables = read_environment(environ)
    folders = [Path(environ[name]) for name in ("CREDENTIALS_DIRECTORY",) if environ.get(name)]
    folders.append(file.absolute().parent if file else Path())
    for source in (written, variables):
        _anchor_files(source.table, folders)
    secrets = dict.fromkeys(SECRETS, SecretStr)
    tables = (own for source in (variables, written) for own in _own_tables(source.table))
    problems = [problem for key, table in tables for problem in take_secrets(key, table, secrets)]
    if problems:
        raise ConfigurationError("\n".join(problems))
    try:
        return Settings.merged(variables.table, written.table, _state_folder(environ))
    except ValidationError as error:
        found = sentences(problems_of(error), known=_known, source=lambda key: source_of(key, variables, written))
    raise ConfigurationError("\n".join(found))


def _state_folder(environ: Mapping[str, str]) -> Table:
    """Default of the spool; empty where the user has no home, so that the setting is required."""
    state = environ.get("XDG_STATE_HOME", "")
    home = environ.get("HOME", "")
    # Relative paths are invalid and to be ignored by the XDG Base Directory Specification.
    folder = state if state.startswith("/") else f"{home}/.local/state" if home.startswith("/") else ""
    return {"spool": {"url": f"sqlite:///{Path(folder)}/bouncehandler/spool.db"} if folder else {}}


def _anchor_files(table: Table, folders: list[Path]) -> None:
    """Make each relative `..._file` of a secret absolute: in the first folder that has it, else in the last."""
    providers = table.get("providers")
    tables = list(providers.values()) if isinstance(providers, dict) else []
    for options in (*tables, *(options for _, options in _own_tables(table))):
        for key in [key for key in options if key.endswith("_file")] if isinstance(options, dict) else ():
            name = options[key]
            if isinstance(name, str) and name and "\0" not in name:
                candidates = [folder / name for folder in folders]
                found = next((file for file in candidates if file.is_file()), None)
                options[key] = name if found is None and is_like_a_secret(name) else str(found or candidates[-1])


def _own_tables(table: Table) -> Iterator[tuple[Key, Table]]:
    """Tables outside the providers that hold secrets, with their keys."""
    notify, unsubscribe = table.get("notify"), table.get("unsubscribe")
    if isinstance(notify, dict):
        yield ("notify",), notify
    for at, options in enumerate(unsubscribe if isinstance(unsubscribe, list) else ()):
        if isinstance(options, dict):
            yield ("unsubscribe", at), options


def source_of(key: Key, variables: Source, file: Source) -> str:
    """Name of the variable or the file that holds the key, or the longest part of it."""
    nearest = max(variables.names, key=lambda given: _shared(given, key), default=())
    shared = _shared(nearest, key)
    if nearest and (shared == len(nearest) or shared > _held(file.table, key)):
        return f"{variables.names[nearest]} in the environment"
    return file.names.get((), "")


def _shared(given: Key, key: Key) -> int:
    """Number of parts that two keys have in common, from the left."""
    return len(list(takewhile(bool, map(eq, given, key))))


def _held(table: object, key: Key) -> int:
    """Number of parts of the key that a table holds, from the left."""
    for at, part in enumerate(key):
        if not isinstance(table, dict) or part not in table:
            return at
        table = table[part]
    return len(key)


def _known(key: Key) -> Iterable[str]:
    """Keys permitted in the table at a key: the top, a section, a table within it, or a threshold."""
    if key[:1] == ("unsubscribe",):
        return UnsubscribeSection.model_fields
    table: type[BaseModel] = Settings
    for part in key:
        inner = table.model_fields[str(part)].annotation if part in table.model_fields else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return ThresholdTable.model_fields
        table = inner
    return table.model_fields

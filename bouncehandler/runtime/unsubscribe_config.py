"""Reads the whole configuration for `bouncehandler unsubscribe`, and keeps what a mail needs of it for the next one."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bouncehandler.settings import ConfigurationError, load
from bouncehandler.settings.sources import read_file
from bouncehandler.spool.url import path_of
from bouncehandler.unsubscribe import config_cache as cache
from bouncehandler.unsubscribe import maildrop
from bouncehandler.unsubscribe.tokens import Domain

if TYPE_CHECKING:
    from pydantic import SecretStr

    from bouncehandler.settings.model import Settings

_SECRET_FILES = ("secret_file", "old_secret_file")


def compile_settings(config: str | None, environ: dict[str, str], *, now_ns: int) -> cache.CachedConfig:
    """What the configuration says now; kept where that is possible, and certain to be seen when it changes.

    Raises:
        ConfigurationError: the configuration needs mending.
        OSError: the folder of the letterbox can't be created.
    """
    around, files = cache.surroundings(config, environ), cache.states(_files(config, environ))
    settings = load(Path(config) if config is not None else None, environ)
    compiled = _compiled(settings)
    maildrop.create(compiled.letters)
    if cache.states(_files(config, environ)) == files and cache.are_settled(files, now_ns=now_ns):
        cache.write(config, environ, around, files, compiled)
    return compiled


def domains_of(settings: "Settings") -> list[Domain]:
    """The domains of `[[unsubscribe]]`, in their order."""
    return [
        Domain(
            section.domain,
            section.pattern or "",
            section.provider or "",
            settings.providers[section.provider].type if section.provider else "",
            tuple(_secrets(section.secret, section.old_secret)),
        )
        for section in settings.unsubscribe
    ]


def letters_of(settings: "Settings") -> Path:
    """The folder of the letterbox, beside the spool."""
    return Path(maildrop.folder_beside(str(path_of(settings.spool.url))))


def _compiled(settings: "Settings") -> cache.CachedConfig:
    try:
        letters = letters_of(settings).absolute()
    except FileNotFoundError:
        raise ConfigurationError(
            "spool.url is relative, and the working folder is gone: write sqlite:/// and an absolute path"
        ) from None
    return cache.CachedConfig(os.fspath(letters), settings.log.level, settings.log.addresses, domains_of(settings))


def _secrets(*given: "SecretStr | None") -> Iterator[str]:
    yield from (secret.get_secret_value() for secret in given if secret)


def _files(config: str | None, environ: dict[str, str]) -> list[str]:
    """The files that the outcome depends on, there or not: the configuration, and wherever a secret may lie."""
    _, source = read_file(Path(config) if config is not None else None, environ)
    file = Path(cache.config_file(config, environ))
    folders = [file.parent]
    if credentials := environ.get("CREDENTIALS_DIRECTORY"):
        folders.insert(0, Path(credentials))
    tables = source.table.get("unsubscribe")
    named = [
        table[key]
        for table in (tables if isinstance(tables, list) else ())
        for key in _SECRET_FILES
        if isinstance(table, dict) and isinstance(table.get(key), str)
    ]
    return [str(file), *(str(folder / name) for name in named for folder in folders)]

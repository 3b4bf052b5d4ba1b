"""Loads the configuration for `bouncehandler unsubscribe`, and caches the subset that a mail needs."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bouncehandler.runtime.paths import Paths
from bouncehandler.settings import ConfigurationError, load
from bouncehandler.settings.sources import read_file
from bouncehandler.unsubscribe import config_cache as cache
from bouncehandler.unsubscribe import maildrop
from bouncehandler.unsubscribe.tokens import Domain

if TYPE_CHECKING:
    from pydantic import SecretStr

    from bouncehandler.settings.model import Settings

_SECRET_FILES = ("secret_file", "old_secret_file")


def compile_settings(config: str | None, environ: dict[str, str], *, now_ns: int) -> cache.CachedConfig:
    """Load the configuration; cache it where that is possible, and where a later change is certain to be noticed.

    Raises:
        ConfigurationError: the configuration needs mending.
        OSError: the maildrop can't be created.
    """
    around, files = cache.surroundings(config, environ), cache.states(_files(config, environ))
    settings = load(Path(config) if config is not None else None, environ)
    compiled = _cached_config(settings)
    maildrop.create(compiled.maildrop)
    if cache.states(_files(config, environ)) == files and cache.are_settled(files, now_ns=now_ns):
        cache.write(config, environ, around, files, compiled)
    return compiled


def domains_of(settings: "Settings") -> list[Domain]:
    """Domains of `[[unsubscribe]]`, in their order."""
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


def _cached_config(settings: "Settings") -> cache.CachedConfig:
    try:
        folder = Paths.beside(settings.spool.url).maildrop.absolute()
    except FileNotFoundError:
        raise ConfigurationError(
            "spool.url is relative, and the working folder is gone: write sqlite:/// and an absolute path"
        ) from None
    return cache.CachedConfig(os.fspath(folder), settings.log.level, settings.log.addresses, domains_of(settings))


def _secrets(*given: "SecretStr | None") -> Iterator[str]:
    yield from (secret.get_secret_value() for secret in given if secret)


def _files(config: str | None, environ: dict[str, str]) -> list[str]:
    """Files that the outcome depends on, whether they exist or not: the configuration, and each place of a secret."""
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

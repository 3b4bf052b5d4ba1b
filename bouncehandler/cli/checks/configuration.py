"""The configuration: its file, who may read it, keys that are unknown, and every setting that is not the default."""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from bouncehandler.cli.checks.finding import CheckResult, fail, ok, warn
from bouncehandler.cli.session import Session
from bouncehandler.redaction import mask_addresses
from bouncehandler.settings import ConfigurationError
from bouncehandler.settings.sources import read_file

if TYPE_CHECKING:
    from pydantic import BaseModel


def configuration_findings(session: Session) -> Iterator[CheckResult]:
    """Check a configuration that was loaded: keys of adapters, secrecy of the file, and changed settings."""
    from bouncehandler.settings.effective import unknown  # noqa: PLC0415  # imports are lazy at the edges

    file, _ = read_file(session.options.config, os.environ)
    models = _models(session)
    wrong = list(unknown(session.options.config, os.environ, session.settings, models))
    yield from (fail("configuration", sentence) for sentence in wrong)  # a misspelt key may hold a secret
    if not wrong:
        yield ok("configuration", f"{file or 'the default, with the environment,'} is valid")
    if file and session.settings.providers and file.stat().st_mode & 0o004:
        yield warn("configuration", f"every user may read {file}: chmod o-r it, it holds secrets")
    yield from _settings(session, models)


def mistakes(error: Exception) -> Iterator[CheckResult]:
    """Yield a result for each line of a configuration error."""
    for line in str(error).splitlines():
        yield fail("configuration", line)


def _settings(session: Session, models: "dict[str, type[BaseModel]]") -> Iterator[CheckResult]:
    """List each changed setting with its source; mail addresses are masked as in the log."""
    from bouncehandler.settings.effective import effective  # noqa: PLC0415  # imports are lazy at the edges

    is_masked = session.settings.log.addresses == "masked"
    for one in effective(session.options.config, os.environ, session.settings, models):
        is_address = one.key.startswith("notify.")
        value = mask_addresses(one.value) if is_masked and is_address else one.value
        text = f"is {value} (from {one.source})" if value else f"is set (from {one.source})"
        yield ok(f"setting {one.key}", text)


def _models(session: Session) -> "dict[str, type[BaseModel]]":
    """Settings models of the adapters that can be loaded."""
    from bouncehandler import plugins  # noqa: PLC0415  # imports are lazy at the edges

    models: dict[str, type[BaseModel]] = {}
    for name, section in session.settings.providers.items():
        with suppress(ConfigurationError):
            models[name] = plugins.load(section.type).Settings
    return models

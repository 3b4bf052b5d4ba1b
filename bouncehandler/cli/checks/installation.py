"""Paths, domains and providers of this installation, for the configuration of PowerMTA."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from bouncehandler.cli.session import Session
from bouncehandler.pmta_config.generate import Installation
from bouncehandler.runtime.notifier import plain_address
from bouncehandler.settings.sources import SYSTEM_FILE, read_file


def site_of(session: Session) -> Installation:
    """Describe this installation; unknown values contain example.com."""
    settings = session.settings
    site = Installation(
        str(Path(sys.executable).with_name("bouncehandler")),
        _config(session),
        domains=tuple(dict.fromkeys(section.domain for section in settings.unsubscribe)),
        providers=frozenset(section.type for section in settings.providers.values()),
    )
    bounces = next(_senders(session), site.bounces)
    postmaster = plain_address(settings.notify.to[0]) if settings.notify.to else site.postmaster
    return site._replace(bounces=bounces, postmaster=postmaster, options=frozenset(_options()))


def _options() -> Iterator[str]:
    """Arguments of the bare command, which a pipe runs."""
    from bouncehandler.cli.app import app  # noqa: PLC0415  # it imports the commands, and this is part of two

    return (name for parameter in app.params for name in parameter.opts)


def _config(session: Session) -> str:
    """Configuration file to name on the command line, since PowerMTA's environment differs."""
    file, _ = read_file(session.options.config, os.environ)
    return "" if file is None or file == SYSTEM_FILE else str(file.absolute())


def _senders(session: Session) -> Iterator[str]:
    for section in session.settings.providers.values():
        for pattern in section.originators:
            domain = pattern.rpartition("@")[2].lower()
            if "*" not in domain and "." in domain:
                yield domain

"""What PowerMTA's configuration has to know of this installation: paths, domains and providers."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from bouncehandler.cli.session import Session
from bouncehandler.pmta_config import Installation
from bouncehandler.runtime.notifier import plain_address
from bouncehandler.settings.sources import SYSTEM_FILE, read_file


def site_of(session: Session) -> Installation:
    """This installation; what only the operator can know has example.com in it."""
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
    """What the bare command takes, which is what a pipe runs."""
    from bouncehandler.cli.app import app  # noqa: PLC0415  # it imports the commands, and this is part of two

    return (name for parameter in app.params for name in parameter.opts)


def _config(session: Session) -> str:
    """The file that the program has to be told of, since PowerMTA's environment is not this one."""
    file, _ = read_file(session.options.config, os.environ)
    return "" if file is None or file == SYSTEM_FILE else str(file.absolute())


def _senders(session: Session) -> Iterator[str]:
    """The domains of envelope senders that the configuration spells out."""
    for section in session.settings.providers.values():
        for pattern in section.originators:
            domain = pattern.rpartition("@")[2].lower()
            if "*" not in domain and "." in domain:
                yield domain

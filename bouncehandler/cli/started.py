"""Values of the log event `started`: version, user, files, policy and providers; without secrets."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bouncehandler import __version__
from bouncehandler.cli.checks.users import this_user
from bouncehandler.policy import Threshold
from bouncehandler.settings.sources import file_in_force

if TYPE_CHECKING:
    from bouncehandler.cli.session import Session
    from bouncehandler.settings.model import ProviderSection

_ENDPOINTS = ("url", "endpoint", "path")
"""Keys of adapters for their endpoint; the first that is there counts."""
_LISTS = ("lists", "list")
"""Keys of adapters for lists."""


def started_values(session: "Session", mode: str) -> dict[str, object]:
    """Collect the values; fewer on a terminal."""
    configuration = file_in_force(session.options.config, os.environ)
    values: dict[str, object] = {
        "version": __version__,
        "user": this_user().name,
        "pid": os.getpid(),
        "mode": mode,
        "configuration": _absolute(configuration) if configuration else "defaults",
        "spool": _absolute(session.paths.spool),
    }
    providers = session.settings.providers
    if session.on_terminal and not session.options.logfile:
        return values | {"providers": list(providers)}
    return values | {
        "categories": _categories(session.settings.policy.bounce),
        "providers": {name: _provider(section) for name, section in providers.items()},
    }


def _categories(actions: Mapping[str, object]) -> dict[str, list[str]]:
    """Bounce categories that suppress, and those that do at a threshold; all others are ignored."""
    return {
        "suppress": [name for name, action in actions.items() if action == "suppress"],
        "count": [name for name, action in actions.items() if isinstance(action, Threshold)],
    }


def _provider(section: "ProviderSection") -> dict[str, object]:
    options = section.options.get_secret_value()
    lists = next((options[key] for key in _LISTS if key in options), None)
    values = {
        "type": section.type,
        "endpoint": next((_endpoint(options[key]) for key in _ENDPOINTS if key in options), ""),
        "originators": section.originators,
        "lists": lists if isinstance(lists, str | int) or _is_plain(lists) else None,
    }
    return {key: value for key, value in values.items() if value}


def _is_plain(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(one, str | int) for one in values)


def _endpoint(value: object) -> str:
    """Path; or scheme, host and path of a URL, unless one of them may hold a password."""
    if not isinstance(value, str):
        return ""
    if value.startswith("/"):
        return value
    with suppress(ValueError):
        parts = urlsplit(value)
        host = parts.netloc.rpartition("@")[2]
        if parts.scheme in {"http", "https"} and host and "@" not in f"{parts.path}{parts.query}{parts.fragment}":
            return f"{parts.scheme}://{host}{parts.path}"
    return ""


def _absolute(path: Path) -> str:
    with suppress(FileNotFoundError):  # the working folder is gone
        return str(path.absolute())
    return str(path)

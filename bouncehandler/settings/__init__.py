"""The configuration: one TOML file and the environment become validated, plain data, or say what to mend.

`load` is the door; `model` holds the sections, `sources` reads the file and the environment, `wording` finds the words.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bouncehandler.settings.model import Settings

__all__ = ["ConfigurationError", "load"]


class ConfigurationError(Exception):
    """The operator has to mend something; the text is for them, one problem a line, and holds no secret."""


def load(path: Path | None, environ: Mapping[str, str]) -> "Settings":
    """The settings, from the file `path` and, above it, from the environment.

    Without a path the file is the one that `$BOUNCEHANDLER_CONFIG` names, else `/etc/bouncehandler/bouncehandler.toml`
    where that exists, else none: the defaults work, and dispatch nothing. The keys that belong to an adapter are
    validated by `registry.settings_for`.

    Raises:
        ConfigurationError: a file that was named can't be read, or a setting is unknown or wrong.
    """
    from bouncehandler.settings.loading import load_settings  # noqa: PLC0415  # pydantic-settings costs 100 ms

    return load_settings(path, environ)

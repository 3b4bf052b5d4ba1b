"""Configuration: validated, plain data out of one TOML file and the environment.

`load` is the entry point; `model` and `sections` hold the tables, `sources` reads the file and the environment,
`error_messages` words the errors.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bouncehandler.settings.errors import ConfigurationError

if TYPE_CHECKING:
    from bouncehandler.settings.model import Settings

__all__ = ["ConfigurationError", "load"]


def load(path: Path | None, environ: Mapping[str, str]) -> "Settings":
    """Load the settings from the file `path` and, with precedence, from the environment.

    Without a path the file is the one that `$BOUNCEHANDLER_CONFIG` names, else `/etc/bouncehandler/bouncehandler.toml`
    where that exists, else none: the defaults work, and dispatch nothing. Keys of an adapter are
    validated by `plugins.settings_for`.

    Raises:
        ConfigurationError: a file that was named can't be read, or a setting is unknown or wrong.
    """
    from bouncehandler.settings.loading import load_settings  # noqa: PLC0415  # pydantic-settings costs 100 ms

    return load_settings(path, environ)

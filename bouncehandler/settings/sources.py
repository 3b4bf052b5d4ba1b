"""Sources of the settings: the TOML file, and the variables `BOUNCEHANDLER_...`."""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bouncehandler.settings.errors import ConfigurationError

SYSTEM_FILE = Path("/etc/bouncehandler/bouncehandler.toml")
"""Read when no other file is named, and only where it exists."""

_PREFIX = "BOUNCEHANDLER_"
_FILE_VARIABLE = "BOUNCEHANDLER_CONFIG"
_LONGEST_FILE = 4 * 1024 * 1024  # bytes: a thousand providers fit; a device without an end doesn't
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")

Table = dict[str, Any]
Key = tuple[str | int, ...]
"""Parts of a dotted key; a number is an index into a list."""


_SHORTEST_SECRET = 16
"""Characters; a shorter text is more likely to be the name of a file."""


class Source(NamedTuple):
    """Settings of one source."""

    table: Table
    names: Mapping[Key, str]
    """Name of the source by key: a file, or a variable."""


def read_file(path: Path | None, environ: Mapping[str, str]) -> tuple[Path | None, Source]:
    """Read the configuration file; None and an empty table where there is no file and none was named.

    Raises:
        ConfigurationError: the file can't be read, or isn't TOML.
    """
    file = file_in_force(path, environ)
    if file is None:
        return None, Source({}, {})
    named_by = f" (named by {_FILE_VARIABLE})" if path is None and environ.get(_FILE_VARIABLE) else ""
    return file, Source(read_toml(file, "the configuration", named_by), {(): str(file)})


def file_in_force(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    """File that `read_file` reads; None where there is none and none was named."""
    if named := path or environ.get(_FILE_VARIABLE):
        return Path(named)
    try:
        SYSTEM_FILE.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        pass  # reading it fails as well, and reports the reason
    return SYSTEM_FILE


def read_toml(file: Path, what: str, named_by: str = "") -> Table:
    """Read a TOML file; raises a ConfigurationError that says what it is, and where its name comes from."""
    try:
        with file.open("rb") as stream:
            data = stream.read(_LONGEST_FILE + 1)
    except (OSError, ValueError) as error:  # ValueError: a name with NUL
        why = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(f"{file}{named_by}: {what} can't be read: {why}") from None
    if len(data) > _LONGEST_FILE:
        raise ConfigurationError(f"{file}: {what} is longer than {_LONGEST_FILE} bytes; is it the right file?")
    try:
        text = data.decode("utf-8-sig")  # editors on Windows write a byte order mark
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{file}, line {line}: {what} must be UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(_syntax_error(file, text, str(error))) from None
    except (ValueError, RecursionError):  # numbers with thousands of digits, thousands of brackets
        raise ConfigurationError(f"{file}: a value is too long or nested too deep to be read") from None


def _syntax_error(file: Path, text: str, message: str) -> str:
    """Word a syntax error with its location first, which tomllib puts last, or omits at the end of the document."""
    place = _PLACE.search(message)
    if place and place[1]:
        line, column = place[1], place[2]
    else:
        line, column = str(text.count("\n") + 1), str(len(text) - text.rfind("\n"))
    what = message[: place.start()] if place else message
    hint = "; text belongs in quotes" if what == "Invalid value" else ""
    return f"{file}, line {line}, column {column}: {what}{hint}"


def read_environment(environ: Mapping[str, str]) -> Source:
    """Read the variables `BOUNCEHANDLER_SECTION__KEY`; a table may also be given whole, as JSON.

    Values stay text, which the settings' types read: an API key that looks like a number remains what it is.

    Raises:
        ConfigurationError: a table isn't JSON.
    """
    table: Table = {}
    names: dict[Key, str] = {}
    found = [name for name in environ if name.startswith(_PREFIX) and name != _FILE_VARIABLE]
    for name in sorted(found, key=lambda name: (name.count("__"), name)):  # whole tables first, then keys within them
        *parents, last = key = _key(name.removeprefix(_PREFIX))
        inner = table
        for part in parents:
            if not isinstance(inner.get(part), dict):
                inner[part] = {}
            inner = inner[part]
        inner[last] = _value(name, key, environ[name])
        names[tuple(key)] = name
    return Source(table, names)


def _key(name: str) -> list[str]:
    """Split `POLICY__BOUNCE__BAD_MAILBOX` into policy, bounce, bad-mailbox: variables have no hyphens or dots."""
    parts = name.lower().split("__")
    if len(parts) > 2 and parts[0] == "policy":  # noqa: PLR2004  # policy, its table, the name in it
        parts[2] = parts[2].replace("_", {"bounce": "-", "complaint": "-", "status": "."}.get(parts[1], "_"))
    return parts


def _value(name: str, key: list[str], text: str) -> object:
    belongs_to_adapter = key[0] == "providers" and len(key) > 2  # noqa: PLR2004  # providers, its name, its key
    if belongs_to_adapter or not text.lstrip().startswith("{"):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ConfigurationError(f"{name} in the environment begins with {{ but is not a JSON object") from None


def is_like_a_secret(name: str) -> bool:
    """Whether the name of a file may be the secret itself; a name with a suffix is none."""
    return len(name) >= _SHORTEST_SECRET and not name.startswith("/") and "." not in name


def split_list(value: object) -> object:
    """Split text into a list: JSON where it begins with `[`, else words separated by commas or spaces.

    Raises:
        ValueError: it begins as JSON but isn't.
    """
    if not isinstance(value, str):
        return value
    if not value.lstrip().startswith("["):
        return re.split(r"[\s,]+", value.strip(", \t\r\n")) if value.strip(", \t\r\n") else []
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError("begins with [ but is not a JSON list") from None

"""Sentences for validation errors: one for each problem, which names the key as TOML does, and no value."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bouncehandler.settings.sources import Key

_LONGEST_NAME = 80  # characters of a key that are shown
_OURS = re.compile(r"<[a-z]+>|\[key\]")
"""Parts of a location that are not in the file: tags of unions, and pydantic's word for a key that is wrong itself."""
_ADAPTERS = re.compile(r".*[\[(].*|str|int|float|bool|bytes|none", re.DOTALL)
"""The same parts for an adapter's model, whose unions have no tags: pydantic inserts the name of the type it tried."""
_GOES_ON = re.compile(r"(?:is|are|has|holds|begins|must|can|can't|cannot|needs|does|doesn't|may)\b")
"""Beginning of a message that has the key as its subject."""

UNKNOWN = "extra_forbidden"
"""Pydantic's error type for an unknown key."""

_TEXTS = {
    "missing": "is missing",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "too_short": "must not be empty",
    "string_type": "must be text in quotes",
    "string_unicode": "must be UTF-8 text",
    "path_type": "must be the path of a file",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
}
MENDING: Mapping[Key, str] = {
    ("spool", "url"): "set where suppressions are kept, such as sqlite:////var/lib/bouncehandler/spool.db"
}
"""Remedies for missing keys."""


def problems_of(error: ValidationError) -> list[ErrorDetails]:
    """Problems of an error, without any value."""
    return error.errors(include_url=False, include_input=False)


def sentences(  # noqa: PLR0913  # what differs between the sections and the adapters
    problems: Iterable[ErrorDetails],
    *,
    known: Callable[[Key], Iterable[str]],
    source: Callable[[Key], str],
    above: Key = (),
    mending: Mapping[Key, str] = MENDING,
    hide: Callable[[str], str] = str,
) -> list[str]:
    """Word one sentence for each key that has a problem, in pydantic's order.

    Args:
        problems: problems in pydantic's form.
        known: keys that the table at a key may hold.
        source: name of the source of a key; empty where there is none.
        above: key of the validated table, where that is an adapter's; else empty.
        mending: remedies for missing keys.
        hide: redacts secrets in the text of a validator.
    """
    found: dict[Key, str] = {}
    for problem in problems:
        key = (*above, *_as_written(problem["loc"], _ADAPTERS if above else _OURS))
        if problem["type"] == UNKNOWN:
            text = _unknown(str(key[-1]), known(key[:-1]))
        elif problem["type"] == "missing" and key in mending:
            text = f"is missing; {mending[key]}"
        else:
            text = hide(_text(problem))
        found.setdefault(key, sentence(source(key), key, text))
    return list(found.values())


def _as_written(location: Key, invented: re.Pattern[str]) -> Key:
    """Location without the parts that are not in the file; the first part always is."""
    rest = (part for part in location[1:] if not (isinstance(part, str) and invented.fullmatch(part)))
    return (*location[:1], *rest)


def sentence(source: str, key: Key, text: str) -> str:
    """Combine a text with the key that it is about, and its source."""
    subject = dotted(key)
    joint = " " if _GOES_ON.match(text) else ": "
    return (f"{source}: " if source else "") + (f"{subject}{joint}{text}" if subject else text)


def dotted(key: Key) -> str:
    """Key as TOML writes it, such as `providers.news.api_key`, on one line and of bounded length; empty for the top."""
    names = ".".join(_name(part) for part in key if isinstance(part, str))
    entries = "".join(f" (entry {part + 1})" for part in key if isinstance(part, int))
    return names + entries


def _name(part: str) -> str:
    part = part if len(part) <= _LONGEST_NAME else f"{part[:_LONGEST_NAME]}..."
    return part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else json.dumps(part)


def _unknown(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    hint = suggestion(name, names) or (f"known here are {', '.join(names)}" if names else "")
    return "is not a known key" + (f"; {hint}" if hint else "")


def suggestion(name: str, known: Collection[str]) -> str:
    """Question for the nearest known name, `did you mean spool?`; empty where none is near."""
    from difflib import get_close_matches  # noqa: PLC0415  # a start without mistakes does without

    nearest = get_close_matches(name[:_LONGEST_NAME].lower(), known, n=1)
    return f"did you mean {nearest[0]}?" if nearest else ""


def _text(problem: ErrorDetails) -> str:
    if problem["type"] in {"value_error", "assertion_error"}:
        return _one_line(str(problem.get("ctx", {}).get("error", problem["msg"])))
    return _TEXTS.get(problem["type"]) or _one_line(problem["msg"].replace("Input should", "must", 1))


def _one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())

"""Keys of `[providers.NAME]` that belong to an adapter, validated by its own model; with secrets from files."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bouncehandler.redaction import redactor
from bouncehandler.settings.error_messages import UNKNOWN, problems_of, sentence, sentences
from bouncehandler.settings.errors import ConfigurationError
from bouncehandler.settings.model import COMMON_KEYS
from bouncehandler.settings.model_keys import SECRETS, KeyKind, fields_of, kind_of, names_at, secret_fields, values_in
from bouncehandler.settings.sources import Key, Table, is_like_a_secret, split_list

_LONGEST_SECRET = 65_536  # bytes: a private key fits many times
_LISTS = (list, tuple, set, frozenset, Sequence)

Model = TypeVar("Model", bound=BaseModel)


def validated(name: str, model: type[Model], options: Table) -> Model:
    """Validate the options of the provider `name` by the model of its adapter.

    Raises:
        ConfigurationError: a key is unknown, missing or wrong, or the file of a secret can't be used.
    """
    table, problems = _with_secrets(name, model, options)
    if not problems:
        try:
            return model.model_validate(_decoded_table(model, table))
        except ValidationError as error:
            problems = _explained(name, model, table, problems_of(error))
    raise ConfigurationError(redactor(_texts(model, table, KeyKind.SECRET))("\n".join(problems)))


def unknown_keys(name: str, model: type[BaseModel], options: Table, source: Callable[[Key], str]) -> list[str]:
    """Word a sentence for each key that the adapter of the provider `name` does not know.

    Args:
        source: names the source of a key.
    """
    table, _ = _with_secrets(name, model, options)
    try:
        model.model_validate(_decoded_table(model, table))
    except ValidationError as error:
        unknown = [problem for problem in problems_of(error) if problem["type"] == UNKNOWN]
        return _explained(name, model, table, unknown, source)
    except Exception:  # noqa: BLE001  # a plug-in's model may raise anything; building it reports that
        return []
    return []


def _texts(model: type[BaseModel], table: Table, *kinds: KeyKind) -> list[str]:
    """Values of the keys of these kinds, as text."""
    found = [value for key, value in values_in(table) if value and kind_of(model, key) in kinds]
    return [str(one.get_secret_value() if isinstance(one, SECRETS) else one) for one in found]


def _decoded_table(model: type[BaseModel], table: Table) -> Table:
    fields = fields_of(model)
    return {key: _decoded(value, fields[key]) if key in fields else value for key, value in table.items()}


def _with_secrets(name: str, model: type[BaseModel], options: Table) -> tuple[Table, list[str]]:
    """Table with each secret `x` read from `x_file`, and the problems."""
    above: Key = ("providers", name)
    table, secrets, fields = dict(options), secret_fields(model), fields_of(model)
    filed = {key: annotation for key, annotation in secrets.items() if f"{key}_file" not in fields}
    empty = [key for key in secrets if isinstance(table.get(key), str) and not table[key].strip()]
    problems = take_secrets(above, table, filed)
    for key in empty:
        problems.append(sentence("", (*above, key), f"is empty; give it here, or in a file that {key}_file names"))
    return table, problems


def take_secrets(above: Key, table: Table, secrets: Mapping[str, Any]) -> list[str]:
    """Read each secret `x` of a table from the file `x_file`, where that is given; returns the problems.

    Args:
        above: key of the table.
        secrets: annotations of the secret keys.
    """
    problems = []
    for key, annotation in secrets.items():
        file_key = f"{key}_file"
        if file_key in table:
            path = table.pop(file_key)
            try:
                if key in table:
                    problems.append(sentence("", (*above, key), f"is given twice, here and by {file_key}; keep one"))
                else:
                    table[key] = _secret_from_file(path, annotation)
            except ValueError as error:
                problems.append(sentence("", (*above, file_key), str(error)))
    return problems


def _secret_from_file(path: object, annotation: Any) -> str | list[str]:  # noqa: ANN401  # any annotation
    """Read a secret from a file, without the line end at its end; a line each where there can be several.

    Raises:
        ValueError: the file can't be used; the text has the reason.
    """
    if not isinstance(path, str) or not path:
        raise ValueError("must be the path of a file")
    if is_like_a_secret(path):
        raise ValueError("names no file that is there; where it is the secret itself, give it without _file")
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LONGEST_SECRET + 1)
        text = data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise ValueError(f"must be UTF-8 text, which {path} is not") from None
    except (OSError, ValueError) as error:  # ValueError: a name with NUL
        raise ValueError(f"can't be read: {path}: {getattr(error, 'strerror', None) or error}") from None
    if not text.strip():
        raise ValueError(f"is empty: {path}")
    if len(data) > _LONGEST_SECRET:
        raise ValueError(f"is longer than {_LONGEST_SECRET} bytes: {path}")
    kinds = _alternatives(annotation)
    lines = text.splitlines()
    return lines if _any(kinds, _LISTS) and (len(lines) > 1 or not _any(kinds, SECRETS)) else text


def _decoded(value: object, annotation: Any) -> object:  # noqa: ANN401  # any annotation
    """Convert text from the environment to the list or the table of the model; other values stay."""
    if not isinstance(value, str):
        return value
    kinds = _alternatives(annotation)
    takes_text = _any(kinds, (str, *SECRETS))
    try:
        if _any(kinds, _LISTS) and (not takes_text or value.lstrip().startswith("[")):
            return split_list(value)
        if _any(kinds, (dict, Mapping, BaseModel)) and value.lstrip().startswith("{"):
            return json.loads(value)
    except (ValueError, RecursionError):
        return value  # which the model then takes, or refuses in its own words
    return value


def _explained(
    name: str,
    model: type[BaseModel],
    table: Table,
    problems: list[ErrorDetails],
    source: Callable[[Key], str] = lambda _: "",
) -> list[str]:
    above: Key = ("providers", name)
    files = {key: f"{key}_file" for key in secret_fields(model)}
    common = {*files.values(), *COMMON_KEYS}
    hidden = _texts(model, table, KeyKind.SECRET, KeyKind.UNKNOWN)
    return sentences(
        problems,
        known=lambda key: names_at(model, key[len(above) :]) | (common if key == above else set()),
        source=source,
        above=above,
        mending={(*above, key): f"give it here, or in a file that {file} names" for key, file in files.items()},
        hide=redactor(hidden),
    )


def _alternatives(annotation: Any) -> list[Any]:  # noqa: ANN401  # any annotation
    """Members of a union, without annotations and parameters."""
    origin = get_origin(annotation)
    if origin in {Union, UnionType}:
        return [kind for part in get_args(annotation) for kind in _alternatives(part)]
    if origin is Annotated:
        return _alternatives(get_args(annotation)[0])
    return [origin or annotation]


def _any(kinds: Sequence[Any], wanted: tuple[type, ...]) -> bool:
    return any(isinstance(kind, type) and issubclass(kind, wanted) for kind in kinds)

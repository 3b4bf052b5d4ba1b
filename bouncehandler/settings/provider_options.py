"""Keys of `[providers.NAME]` that belong to an adapter, validated by its own model; with secrets from files."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from bouncehandler.redaction import redactor
from bouncehandler.settings.error_messages import UNKNOWN, problems_of, sentence, sentences
from bouncehandler.settings.errors import ConfigurationError
from bouncehandler.settings.model import ProviderSection
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
    raise ConfigurationError(redactor(secrets_in(model, table))("\n".join(problems)))


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


def secrets_in(model: type[BaseModel], table: Mapping[str, object]) -> list[str]:
    """Texts of the table that are secret."""
    return _texts(table, lambda key: kind_of(model, key) is KeyKind.SECRET)


def _texts(table: Mapping[str, object], is_wanted: Callable[[Key], bool]) -> list[str]:
    """Values of the wanted keys, as text."""
    found = [value for key, value in values_in(table) if is_wanted(key) and value]
    return [str(one.get_secret_value() if isinstance(one, SECRETS) else one) for one in found]


def _decoded_table(model: type[BaseModel], table: Table) -> Table:
    fields = fields_of(model)
    return {key: _decoded(value, fields[key]) if key in fields else value for key, value in table.items()}


def _with_secrets(name: str, model: type[BaseModel], options: Table) -> tuple[Table, list[str]]:
    """Table with each secret `x` read from `x_file`, and the problems."""
    table, problems = dict(options), []
    for key, annotation in secret_fields(model).items():
        file_key = f"{key}_file"
        try:
            if file_key in table and file_key not in fields_of(model):
                secret = secret_from_file(table.pop(file_key), annotation)
                if key in table:
                    problems.append(_about(name, key, f"is given twice, here and by {file_key}; keep one"))
                table.setdefault(key, secret)
            elif isinstance(table.get(key), str) and not table[key].strip():
                problems.append(_about(name, key, f"is empty; give it here, or in a file that {file_key} names"))
        except ValueError as error:
            problems.append(_about(name, file_key, str(error)))
    return table, problems


def secret_from_file(path: object, annotation: Any = SecretStr) -> str | list[str]:  # noqa: ANN401  # any annotation
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
    common = {*files.values(), *(ProviderSection.model_fields.keys() - {"options"})}
    hidden = _texts(table, lambda key: kind_of(model, key) is not KeyKind.PLAIN)
    return sentences(
        problems,
        known=lambda key: names_at(model, key[len(above) :]) | (common if key == above else set()),
        source=source,
        above=above,
        mending={(*above, key): f"give it here, or in a file that {file} names" for key, file in files.items()},
        hide=redactor(hidden),
    )


def _about(name: str, key: str, text: str) -> str:
    return sentence("", ("providers", name, key), text)


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

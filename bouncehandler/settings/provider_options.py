"""The keys of `[providers.NAME]` that belong to an adapter, validated by its own model; with secrets from files."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, Secret, SecretBytes, SecretStr, ValidationError

from bouncehandler.settings import ConfigurationError
from bouncehandler.settings.error_messages import sentence, sentences
from bouncehandler.settings.model import ProviderSection
from bouncehandler.settings.sources import Key, Table, split_list

_LONGEST_SECRET = 65_536  # bytes: a private key fits many times
_SHORTEST_HIDDEN = 4  # characters: hiding what is shorter would blot out harmless words
_LISTS = (list, tuple, set, frozenset, Sequence)
_SECRETS = (SecretStr, SecretBytes, Secret)

Model = TypeVar("Model", bound=BaseModel)


def validated(name: str, model: type[Model], options: Table) -> Model:
    """What the adapter of the provider `name` is told.

    Raises:
        ConfigurationError: a key is unknown, missing or wrong, or the file of a secret can't be used.
    """
    table, problems = _with_secrets(name, model, options)
    if not problems:
        fields = _fields(model)
        decoded = {key: _decoded(value, fields[key]) if key in fields else value for key, value in table.items()}
        try:
            return model.model_validate(decoded)
        except ValidationError as error:
            problems = _explained(name, model, error)
    raise ConfigurationError(without_secrets(model, table, "\n".join(problems)))


def without_secrets(model: type[BaseModel], table: Mapping[str, object], text: str) -> str:
    """The text with every secret of the table taken out, in case an adapter's own words repeat it."""
    told = [table.get(key) for key in _secret_fields(model)]
    values = [one for value in told for one in (value if isinstance(value, list) else [value])]
    secrets = [str(one.get_secret_value() if isinstance(one, _SECRETS) else one) for one in values if one]
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_HIDDEN:
            text = text.replace(secret, "[...]")
    return text


def secret_keys(model: type[BaseModel]) -> list[str]:
    """The keys of an adapter's model that are secret, as an operator writes them."""
    return list(_secret_fields(model))


def _with_secrets(name: str, model: type[BaseModel], options: Table) -> tuple[Table, list[str]]:
    """The table with `x` read from `x_file` for each secret, and what went wrong."""
    table, problems = dict(options), []
    for key, annotation in _secret_fields(model).items():
        file_key = f"{key}_file"
        try:
            if file_key in table and file_key not in _fields(model):
                told = secret_from_file(table.pop(file_key), annotation)
                if key in table:
                    problems.append(_about(name, key, f"is given twice, here and by {file_key}; keep one"))
                table.setdefault(key, told)
            elif isinstance(table.get(key), str) and not table[key].strip():
                problems.append(_about(name, key, f"is empty; give it here, or in a file that {file_key} names"))
        except ValueError as error:
            problems.append(_about(name, file_key, str(error)))
    return table, problems


def secret_from_file(path: object, annotation: Any = SecretStr) -> str | list[str]:  # noqa: ANN401  # any annotation
    """The secret without the line end at its end; where there can be several, a line each.

    Raises:
        ValueError: the file can't be used; the text says why.
    """
    if not isinstance(path, str) or not path:
        raise ValueError("must be the path of a file")
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
    return lines if _any(kinds, _LISTS) and (len(lines) > 1 or not _any(kinds, _SECRETS)) else text


def _decoded(value: object, annotation: Any) -> object:  # noqa: ANN401  # any annotation
    """Text from the environment as the list or the table that the model wants; all else as it is."""
    if not isinstance(value, str):
        return value
    kinds = _alternatives(annotation)
    takes_text = _any(kinds, (str, *_SECRETS))
    try:
        if _any(kinds, _LISTS) and (not takes_text or value.lstrip().startswith("[")):
            return split_list(value)
        if _any(kinds, (dict, Mapping, BaseModel)) and value.lstrip().startswith("{"):
            return json.loads(value)
    except (ValueError, RecursionError):
        return value  # which the model then takes, or refuses in its own words
    return value


def _explained(name: str, model: type[BaseModel], error: ValidationError) -> list[str]:
    above: Key = ("providers", name)
    files = {key: f"{key}_file" for key in _secret_fields(model)}
    known = {*_fields(model), *files.values(), *(ProviderSection.model_fields.keys() - {"options"})}
    return sentences(
        error,
        known=lambda key: known if key == above else (),
        source=lambda _: "",
        above=above,
        mending={(*above, key): f"give it here, or in a file that {file} names" for key, file in files.items()},
    )


def _about(name: str, key: str, said: str) -> str:
    return sentence("", ("providers", name, key), said)


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    """Annotations by the key that an operator writes."""
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _secret_fields(model: type[BaseModel]) -> dict[str, Any]:
    return {key: annotation for key, annotation in _fields(model).items() if _is_secret(annotation)}


def _is_secret(annotation: Any) -> bool:  # noqa: ANN401  # any annotation
    return _any([annotation], _SECRETS) or any(_is_secret(part) for part in get_args(annotation))


def _alternatives(annotation: Any) -> list[Any]:  # noqa: ANN401  # any annotation
    """The members of a union, without what they are lists of or annotated with."""
    origin = get_origin(annotation)
    if origin in {Union, UnionType}:
        return [kind for part in get_args(annotation) for kind in _alternatives(part)]
    if origin is Annotated:
        return _alternatives(get_args(annotation)[0])
    return [origin or annotation]


def _any(kinds: Sequence[Any], wanted: tuple[type, ...]) -> bool:
    return any(isinstance(kind, type) and issubclass(kind, wanted) for kind in kinds)

"""Keys of an adapter's model, as the configuration has them: which are known, and which are secret."""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum, auto
from typing import Any, get_args, get_origin

from pydantic import BaseModel, Secret, SecretBytes, SecretStr

from bouncehandler.settings.sources import Key

SECRETS = (SecretStr, SecretBytes, Secret)
"""Types of secret values in the model of an adapter."""


class KeyKind(Enum):
    """Kind of a key by the model."""

    PLAIN = auto()
    SECRET = auto()
    UNKNOWN = auto()
    """Unknown key, whole table, or key in a table with free keys."""


def fields_of(model: type[BaseModel]) -> dict[str, Any]:
    """Annotations by the key in the configuration."""
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def secret_fields(model: type[BaseModel]) -> dict[str, Any]:
    """Annotations of the secret keys."""
    return {key: annotation for key, annotation in fields_of(model).items() if is_secret(annotation)}


def is_secret(annotation: Any) -> bool:  # noqa: ANN401  # any annotation
    """Whether a value of this annotation may be a secret, or hold one."""
    is_type = isinstance(annotation, type) and issubclass(annotation, SECRETS)
    return is_type or any(is_secret(part) for part in (get_origin(annotation), *get_args(annotation)) if part)


def kind_of(model: type[BaseModel], key: Key) -> KeyKind:
    """Kind of a key, whose parts lead through tables and lists."""
    annotations: list[Any] = [model]
    for part in key:
        annotations = _inner(annotations, part)
        if any(map(is_secret, annotations)):
            return KeyKind.SECRET
    return KeyKind.PLAIN if annotations and not any(map(_is_table, annotations)) else KeyKind.UNKNOWN


def names_at(model: type[BaseModel], key: Key) -> set[str]:
    """Keys permitted in the table at a key, as far as the model names them; the empty key is the model itself."""
    annotations: list[Any] = [model]
    for part in key:
        annotations = _inner(annotations, part)
    return {name for annotation in annotations for table in _tables(annotation) for name in fields_of(table)}


def values_in(value: object, above: Key = ()) -> Iterator[tuple[Key, object]]:
    """Every value that is no table, with its key; the entries of a list are numbered from 0."""
    inner: Iterable[tuple[str | int, object]] | None = None
    if isinstance(value, Mapping):
        inner = value.items()
    elif isinstance(value, list | tuple | set | frozenset):
        inner = enumerate(value)
    if inner is None:
        yield above, value
    else:
        for part, one in inner:
            yield from values_in(one, (*above, part))


def _inner(annotations: list[Any], part: str | int) -> list[Any]:
    """Annotations at a part of a key; an entry of a list has that of the list."""
    if isinstance(part, int):
        return annotations
    tables = [fields_of(table) for annotation in annotations for table in _tables(annotation)]
    return [table[part] for table in tables if part in table]


def _is_table(annotation: Any) -> bool:  # noqa: ANN401  # any annotation
    """Whether a value of this annotation may be a table, which the environment gives as text."""
    kind = get_origin(annotation) or annotation
    is_type = isinstance(kind, type) and issubclass(kind, (BaseModel, Mapping))
    return is_type or any(_is_table(part) for part in get_args(annotation))


def _tables(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401  # any annotation
    """Models that a value of this annotation may be, or may hold in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _tables(part)

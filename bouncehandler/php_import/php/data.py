"""The data of a parsed PHP file."""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias, Union

Array: TypeAlias = dict[str | int, "Value"]
"""A PHP array: a list has the keys 0, 1, 2, ..."""

Value: TypeAlias = Union[str, int, float, bool, Array, None]  # noqa: UP007  # a recursive type, by its name


class PhpError(Exception):
    """A file can't be parsed; the text is one sentence with the line and the reason."""


class NotLiteral(Exception):  # noqa: N818  # no error: the value is skipped
    """A value is unknown without running PHP; the text describes its expression."""


class Setting(NamedTuple):
    """A constant, or a variable whose name begins with `$`."""

    name: str
    value: Value
    line: int


class SkippedSetting(NamedTuple):
    """A setting or statement that was not evaluated."""

    line: int
    name: str
    """Name as in `Setting`; empty for a statement without an assignment."""
    why: str
    """A description such as `a call of getenv()`; never a value."""


class Script(NamedTuple):
    """The settings of a file."""

    settings: Mapping[str, Setting]
    """Settings by name, with the value after the last assignment."""
    skipped: tuple[SkippedSetting, ...]
    """Skipped settings in the order of the file."""

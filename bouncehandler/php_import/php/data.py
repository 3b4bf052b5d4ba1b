"""What is known of a PHP file after it was read: plain data."""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias, Union

Array: TypeAlias = dict[str | int, "Value"]
"""A PHP array: a list has the keys 0, 1, 2, ..."""

Value: TypeAlias = Union[str, int, float, bool, Array, None]  # noqa: UP007  # one of them refers to itself, by its name


class PhpError(Exception):
    """The file can't be read; the text is one sentence that says where and why."""


class NotLiteral(Exception):  # noqa: N818  # no error: it is what the reader was told to leave out
    """A value can't be known without running the program; the text says what stands there."""


class Setting(NamedTuple):
    """A constant, or a variable, whose name begins with `$`."""

    name: str
    value: Value
    line: int


class SkippedSetting(NamedTuple):
    """What was not taken over."""

    line: int
    name: str
    """Of the setting, as in `Setting`; empty where the line sets nothing."""
    why: str
    """What stands there, such as `a call of getenv()`; never a value."""


class Script(NamedTuple):
    """All that a file says."""

    settings: Mapping[str, Setting]
    """By name; what is set twice is here once, as PHP would have it."""
    skipped: tuple[SkippedSetting, ...]
    """In the order of the file."""

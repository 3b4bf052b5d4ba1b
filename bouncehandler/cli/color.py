"""Colours of the output: by --color, else by the terminal and https://no-color.org."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

CHOICES = ("auto", "always", "never")


def is_wanted(choice: str, environ: Mapping[str, str]) -> bool | None:
    """Whether to colour; None where it depends on the stream being a terminal.

    `auto`, or nothing, minds NO_COLOR, which counts if it is not empty, and a TERM that knows no colours.
    """
    if choice in {"always", "never"}:
        return choice == "always"
    return False if environ.get("NO_COLOR") or is_dumb(environ) else None


def is_dumb(environ: Mapping[str, str]) -> bool:
    """Whether the terminal takes no escape sequences, so that nothing can be drawn over."""
    return environ.get("TERM", "").lower() in {"dumb", "unknown"}


def console(choice: str, *, stderr: bool) -> "Console":
    """Build a rich console that reads no markup, since much of the text comes from outside."""
    from rich.console import Console  # noqa: PLC0415  # only when something is drawn

    is_coloured = is_wanted(choice, os.environ)
    return Console(
        stderr=stderr,
        markup=False,
        emoji=False,
        highlight=False,
        no_color=is_coloured is False,
        color_system="standard" if is_coloured else "auto",
    )

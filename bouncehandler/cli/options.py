"""Global options, which every command takes, before its name or after it."""

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from bouncehandler.cli.color import CHOICES, is_wanted

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """Options for configuration, log and colours."""

    config: Path | None = None
    logfile: Path | None = None
    debug: bool = False
    color: str = ""
    """`auto`, `always` or `never`; empty is `auto`."""

    def over(self, other: object) -> "GlobalOptions":
        """Merge with other options, which fill in for those not given."""
        if not isinstance(other, GlobalOptions):
            return self
        return GlobalOptions(
            self.config or other.config,
            self.logfile or other.logfile,
            self.debug or other.debug,
            self.color or other.color,
        )


_FILE = click.Path(path_type=Path, readable=False)  # opening it gives a better error

_OPTIONS = (
    click.option("--config", type=_FILE, metavar="FILE", help="The configuration, a TOML file."),
    click.option("--logfile", type=_FILE, metavar="FILE", help="Log there, as JSON lines."),
    click.option("--debug", is_flag=True, help="Log everything, each row and why, to the console."),
    click.option("--color", type=click.Choice(CHOICES), metavar="WHEN", help="Colours: auto, always or never."),
)


def combined(*decorators: Decorator) -> Decorator:
    """Combine decorators into one, in the order in which they would stand above a command."""
    return lambda command: functools.reduce(lambda decorated, add: add(decorated), reversed(decorators), command)


def global_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --config, --logfile, --debug and --color to a command; it receives them as `options`."""

    def wrapped(
        *args: Any,  # noqa: ANN401  # the command's own
        config: Path | None,
        logfile: Path | None,
        debug: bool,
        color: str | None,
        **values: Any,  # noqa: ANN401  # as above
    ) -> Any:  # noqa: ANN401  # as above
        ctx = click.get_current_context()
        ctx.obj = GlobalOptions(config, logfile, debug, color or "").over(ctx.obj)
        ctx.color = is_wanted(ctx.obj.color, os.environ)
        return command(*args, options=ctx.obj, **values)

    return combined(*_OPTIONS)(functools.update_wrapper(wrapped, command))

"""Renders a digest as HTML for mail clients, from the template `digest.html`."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bouncehandler.notifications.digest import Digest
from bouncehandler.notifications.sanitize import format_time

if TYPE_CHECKING:  # an idle sender does without it
    from jinja2 import Template


def render_html(digest: Digest, host: str) -> str:
    """Render the HTML form of a mail; every value is escaped, and keeps its own text direction."""
    return _template().render(digest=digest, host=host)


@cache
def _template() -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415  # imported with the first mail

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["time"] = format_time
    return environment.get_template("digest.html")

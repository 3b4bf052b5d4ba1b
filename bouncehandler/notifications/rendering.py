"""Renders a digest as plain text, and as HTML for mail clients from the template `digest.html`."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bouncehandler.notifications.digest import Digest, NoticeGroup
from bouncehandler.notifications.sanitize import format_time

if TYPE_CHECKING:  # an idle sender does without it
    from jinja2 import Template


def render_text(digest: Digest, host: str) -> str:
    """Render the plain text form of a mail; every value stands on one line."""
    lines = [f"bouncehandler on {host} reports {digest.summary}."]
    for group in digest.groups.values():
        lines += ["", *_group(group)]
    lines += ["", "-- ", f"bouncehandler on {host}; `bouncehandler status` shows the queue there.", ""]
    return "\n".join(lines)


def _group(group: NoticeGroup) -> Iterator[str]:
    yield group.heading
    yield "=" * len(group.heading)
    for number, entry in enumerate(group.entries, start=1):
        yield ""
        yield f"{number}. {entry.title}"
        yield f"   Time: {format_time(entry.at)}"
        yield from (f"   {label}: {value}" for label, value in entry.details)
    if group.remainder:
        yield ""
        yield group.remainder


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

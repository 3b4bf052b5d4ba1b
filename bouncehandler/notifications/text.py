"""Renders a digest as plain text."""

from collections.abc import Iterator

from bouncehandler.notifications.digest import Digest, NoticeGroup
from bouncehandler.notifications.sanitize import format_time


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

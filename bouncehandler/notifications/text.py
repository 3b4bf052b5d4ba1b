"""A digest as plain text."""

from collections.abc import Iterator

from bouncehandler.notifications.digest import Digest, Group
from bouncehandler.notifications.kinds import counted, notice_format
from bouncehandler.notifications.sanitize import moment


def render_text(digest: Digest, host: str) -> str:
    """The digest for whoever reads mail as text; every value stands on one line."""
    lines = [f"bouncehandler on {host} reports {digest.summary}."]
    for group in digest.groups.values():
        lines += ["", *_group(group)]
    lines += ["", "-- ", f"bouncehandler on {host}; `bouncehandler status` shows what waits there.", ""]
    return "\n".join(lines)


def left_out(group: Group) -> str:
    """The sentence about those that are not shown; empty when all are."""
    more = group.count - len(group.entries)
    return f"and {more:,} more; {notice_format(group.kind).listing}" if more else ""


def _group(group: Group) -> Iterator[str]:
    heading = counted(group.kind, group.count)
    yield heading
    yield "=" * len(heading)
    for number, entry in enumerate(group.entries, start=1):
        yield ""
        yield f"{number}. {entry.title}"
        yield f"   Told: {moment(entry.told_at)}"
        yield from (f"   {label}: {value}" for label, value in entry.details)
    if left_out(group):
        yield ""
        yield left_out(group)

"""A digest as HTML for mail clients: inline styles only, readable at 390 px, nothing to load or to follow."""

from collections.abc import Iterator
from html import escape

from bouncehandler.notifications.digest import Digest, Group
from bouncehandler.notifications.kinds import Entry, counted
from bouncehandler.notifications.sanitize import moment
from bouncehandler.notifications.text import left_out

_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_BREAKS = "overflow-wrap:anywhere;word-break:break-word"
_HEADINGS = {
    "complaint": "#b42318",
    "held": "#b54708",
    "dead": "#b54708",
    "spike": "#b54708",
    "unreadable": "#b54708",
    "back": "#067647",
}
_HEADING = "#344054"


def render_html(digest: Digest, host: str) -> str:
    """The digest for whoever reads mail as HTML; every value is escaped, and keeps its own direction."""
    groups = "\n".join(line for group in digest.groups.values() for line in _group(group))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(digest.subject)}</title>
</head>
<body style="margin:0;padding:0;background:#f2f4f7">
<div style="max-width:640px;margin:0 auto;padding:16px;{_FONT};font-size:15px;line-height:1.5;color:#1d2939;{_BREAKS}">
<p style="margin:0 0 16px">bouncehandler on <b>{escape(host)}</b> reports {escape(digest.summary)}.</p>
{groups}
<p style="margin:16px 0 0;font-size:13px;color:#667085">bouncehandler on {escape(host)};
<code>bouncehandler status</code> shows what waits there.</p>
</div>
</body>
</html>
"""


def _group(group: Group) -> Iterator[str]:
    colour = _HEADINGS.get(group.kind, _HEADING)
    heading = escape(counted(group.kind, group.count))
    yield f'<h2 style="margin:24px 0 8px;font-size:18px;color:{colour}">{heading}</h2>'
    yield '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="width:100%;'
    yield 'border-collapse:collapse;background:#ffffff;border:1px solid #e4e7ec">'
    for entry in group.entries:
        yield from _entry(entry)
    yield "</table>"
    if left_out(group):
        yield f'<p style="margin:8px 0 0;color:#475467">{escape(left_out(group))}</p>'


def _entry(entry: Entry) -> Iterator[str]:
    yield '<tr><td style="padding:10px 12px;border-bottom:1px solid #e4e7ec;text-align:left">'
    yield f'<div style="font-weight:600"><bdi>{escape(entry.title)}</bdi></div>'
    yield f'<div style="font-size:13px;color:#667085">{escape(moment(entry.told_at))}</div>'
    for label, value in entry.details:
        yield '<div style="font-size:14px">'
        yield f'<span style="color:#667085">{escape(label)}:</span> <bdi>{escape(value)}</bdi></div>'
    yield "</td></tr>"

"""The registry of notice kinds: one entry each, with all that the mails need of it.

A new kind is an entry in `KINDS`, its name among the `events` of the settings, and the place that enqueues it.
"""

from collections.abc import Mapping
from string import Formatter
from typing import NamedTuple

from bouncehandler.notifications.sanitize import TextSanitizer, format_time
from bouncehandler.spool import Notice

REPORT = "report"
"""The kind of a queued report, which is rendered as a mail of its own."""

_MAX_LABEL = 60  # characters
_MAX_DETAILS = 30

_RED, _ORANGE, _GREEN, _GREY = "#b42318", "#b54708", "#067647", "#344054"


class NoticeKind(NamedTuple):
    """Wording and layout of the notices of one kind."""

    noun: str
    """With `{s}` for the plural."""
    listing: str
    """The command that lists all of them; the end of a sentence."""
    title: str = "{person}"
    """The title, with fields in braces, which are not repeated among the details."""
    color: str = _GREY
    """Colour of the heading in HTML."""
    labels: Mapping[str, str] = {}
    """Labels of fields that differ from `_LABELS`."""

    @property
    def title_fields(self) -> list[str]:
        """The names of the fields in the title."""
        return [name for _, name, _, _ in Formatter().parse(self.title) if name]


_SUPPRESSIONS = "`bouncehandler suppressions --reason {}` lists them"
_STATUS = "`bouncehandler status` lists the held providers"
_HOLDS = "`bouncehandler holds list` lists them, `holds release` and `holds discard` decide"
_COMPLAINT_LABELS = {"category": "Feedback type", "diagnostic": "Reported by"}
_NOT_RENDERED = "the report from {since} to {until} could not be rendered: the log has the reason"

KINDS: Mapping[str, NoticeKind] = {
    "complaint": NoticeKind("complaint{s}", _SUPPRESSIONS.format("complaint"), color=_RED, labels=_COMPLAINT_LABELS),
    "unsubscribe": NoticeKind(
        "unsubscribe request{s}", _SUPPRESSIONS.format("unsubscribe"), labels={"diagnostic": "Requested by"}
    ),
    "held": NoticeKind("provider{s} held", _STATUS, "{provider} is held", _ORANGE),
    "back": NoticeKind("provider{s} back", _STATUS, "{provider} is back", _GREEN),
    "dead": NoticeKind(
        "dead letter{s}", "`bouncehandler dead-letters list` lists them", "{person} at {provider}", _ORANGE
    ),
    "spike": NoticeKind("spike{s} of bounces held", _HOLDS, "a spike of bounces at {mailbox_provider}", _ORANGE),
    "unreadable": NoticeKind("unreadable input{s}", "the log names them", "{rows} of {of} rows can't be read", _ORANGE),
    REPORT: NoticeKind("report{s}", "`bouncehandler report` renders them again", _NOT_RENDERED),
}

_TIMES = frozenset({"since", "until"})
"""Fields that hold seconds since the epoch."""

_CAPITALIZED = ("answer", "diagnostic", "expected", "person", "provider", "reason", "reasons", "rule", "spike")
_LABELS = {
    "bounces": "Bounces at detection",
    "campaign_id": "Campaign",
    "held": "Held now",
    "job_id": "Job",
    "occurred_at": "Occurred",
    "originator": "Sent by",
    **{name: name.capitalize() for name in _CAPITALIZED},
}


class NoticeEntry(NamedTuple):
    """A notice as it is shown; sanitized text, not yet escaped for HTML."""

    title: str
    at: float
    """Time of enqueueing: seconds since the epoch."""
    details: tuple[tuple[str, str], ...]
    """Labels and values."""

    @property
    def size(self) -> int:
        """Characters."""
        return len(self.title) + sum(len(label) + len(value) for label, value in self.details)


def kind_named(name: str) -> NoticeKind:
    """Return the registered kind, or a generic one for a name that another version of the program enqueued."""
    return KINDS.get(name) or NoticeKind(f"{name} notice{{s}}", "the log has them")


def format_count(name: str, count: int) -> str:
    """`4,999 complaints`."""
    return f"{count:,} {kind_named(name).noun.format(s='' if count == 1 else 's')}"


def format_notice(notice: Notice, sanitizer: TextSanitizer) -> NoticeEntry:
    """Sanitize a notice, and divide its fields into title and details."""
    kind, about = kind_named(notice.kind), notice.about
    title = kind.title.format_map({name: _title_value(name, about, sanitizer) for name in kind.title_fields})
    shown = [(name, value) for name, value in about.items() if name not in kind.title_fields and value.strip()]
    details = tuple((_label(kind, name, sanitizer), sanitizer(value)) for name, value in shown[:_MAX_DETAILS])
    return NoticeEntry(title, notice.at, details)


def _title_value(name: str, about: Mapping[str, str], sanitizer: TextSanitizer) -> str:
    if name in _TIMES:
        return format_time(float(about[name]))
    return sanitizer(about.get(name, "")) or f"unknown {name}"


def _label(kind: NoticeKind, name: str, sanitizer: TextSanitizer) -> str:
    return kind.labels.get(name) or _LABELS.get(name) or sanitizer(name, _MAX_LABEL) or "?"

"""The registry of notice kinds: one entry each, with all that the mails need of it.

A new kind is an entry in `KINDS`, its name among the `events` of the settings, and the place that enqueues it.
"""

from collections.abc import Mapping
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

    singular: str
    plural: str
    listing: str
    """The command that lists all of them; the end of a sentence."""
    title: tuple[str, ...] = ("person",)
    """Fields that make the title, and are not repeated among the details."""
    template: str = "{person}"
    """The title, with those fields in braces."""
    color: str = _GREY
    """Of the heading in HTML."""
    labels: Mapping[str, str] = {}
    """Labels of fields that differ from `_LABELS`."""
    times: frozenset[str] = frozenset()
    """Title fields that hold seconds since the epoch."""


KINDS: Mapping[str, NoticeKind] = {
    "complaint": NoticeKind(
        "complaint",
        "complaints",
        "`bouncehandler suppressions --reason complaint` lists them",
        color=_RED,
        labels={"category": "Feedback type", "diagnostic": "Reported by"},
    ),
    "unsubscribe": NoticeKind(
        "unsubscribe request",
        "unsubscribe requests",
        "`bouncehandler suppressions --reason unsubscribe` lists them",
        labels={"diagnostic": "Requested by"},
    ),
    "held": NoticeKind(
        "provider held",
        "providers held",
        "`bouncehandler status` lists the held providers",
        ("provider",),
        "{provider} is held",
        _ORANGE,
    ),
    "back": NoticeKind(
        "provider back",
        "providers back",
        "`bouncehandler status` lists the held providers",
        ("provider",),
        "{provider} is back",
        _GREEN,
    ),
    "dead": NoticeKind(
        "dead letter",
        "dead letters",
        "`bouncehandler dead-letters list` lists them",
        ("person", "provider"),
        "{person} at {provider}",
        _ORANGE,
    ),
    "spike": NoticeKind(
        "spike of bounces held",
        "spikes of bounces held",
        "`bouncehandler holds list` lists them, `holds release` and `holds discard` decide",
        ("mailbox_provider",),
        "a spike of bounces at {mailbox_provider}",
        _ORANGE,
    ),
    "unreadable": NoticeKind(
        "unreadable input",
        "unreadable inputs",
        "the log names them",
        ("rows", "of"),
        "{rows} of {of} rows can't be read",
        _ORANGE,
    ),
    REPORT: NoticeKind(
        "report",
        "reports",
        "`bouncehandler report` renders them again",
        ("since", "until"),
        "the report from {since} to {until} could not be rendered: the log has the reason",
        times=frozenset({"since", "until"}),
    ),
}

_LABELS = {
    "answer": "Answer",
    "bounces": "Bounces at detection",
    "campaign_id": "Campaign",
    "diagnostic": "Diagnostic",
    "expected": "Expected",
    "held": "Held now",
    "job_id": "Job",
    "occurred_at": "Occurred",
    "originator": "Sent by",
    "person": "Person",
    "provider": "Provider",
    "reason": "Reason",
    "reasons": "Reasons",
    "rule": "Rule",
    "spike": "Spike",
}


class NoticeEntry(NamedTuple):
    """A notice as it is shown; sanitized text, not yet escaped for HTML."""

    title: str
    at: float
    """When it was enqueued: seconds since the epoch."""
    details: tuple[tuple[str, str], ...]
    """Labels and values."""

    @property
    def size(self) -> int:
        """Characters."""
        return len(self.title) + sum(len(label) + len(value) for label, value in self.details)


def kind_named(name: str) -> NoticeKind:
    """The registered kind, or a generic one for a name that another version of the program enqueued."""
    return KINDS.get(name) or NoticeKind(f"{name} notice", f"{name} notices", "the log has them")


def format_count(name: str, count: int) -> str:
    """`4,999 complaints`."""
    kind = kind_named(name)
    return f"{count:,} {kind.singular if count == 1 else kind.plural}"


def format_notice(notice: Notice, sanitizer: TextSanitizer) -> NoticeEntry:
    """Sanitize a notice, and divide its fields into title and details."""
    kind = kind_named(notice.kind)
    shown = [(name, value) for name, value in notice.about.items() if name not in kind.title and value.strip()]
    details = tuple((_label(kind, name, sanitizer), sanitizer(value)) for name, value in shown[:_MAX_DETAILS])
    return NoticeEntry(_title(kind, notice.about, sanitizer), notice.at, details)


def _title(kind: NoticeKind, about: Mapping[str, str], sanitizer: TextSanitizer) -> str:
    values = {name: sanitizer(about.get(name, "")) or f"unknown {name}" for name in kind.title}
    times = {name: format_time(float(about[name])) for name in kind.times}
    return kind.template.format_map(values | times)


def _label(kind: NoticeKind, name: str, sanitizer: TextSanitizer) -> str:
    return kind.labels.get(name) or _LABELS.get(name) or sanitizer(name, _MAX_LABEL) or "?"

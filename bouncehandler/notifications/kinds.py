"""What the kinds of notices are called, which of their values is the title, and what the others are labelled."""

from collections.abc import Mapping
from typing import NamedTuple

from bouncehandler.notifications.sanitize import TextSanitizer, moment
from bouncehandler.spool import Notice

_MAX_LABEL = 60  # characters
_MAX_DETAILS = 30

_LABELS = {
    "answer": "Answer",
    "campaign_id": "Campaign",
    "bounces": "Bounces when it was noticed",
    "diagnostic": "Said",
    "expected": "Expected",
    "held": "Held now",
    "job_id": "Job",
    "occurred_at": "Occurred",
    "of": "Of",
    "originator": "Sent by",
    "person": "Person",
    "provider": "Provider",
    "reason": "Reason",
    "reasons": "Reasons",
    "rows": "Rows",
    "rule": "Rule",
}
_LABELS_OF_KIND = {
    ("complaint", "category"): "Feedback type",
    ("complaint", "diagnostic"): "Reported by",
    ("unsubscribe", "diagnostic"): "Asked by",
}


class NoticeFormat(NamedTuple):
    """A kind of notice, in words."""

    one: str
    many: str
    listing: str
    """How to see more of them, the end of a sentence."""
    title: tuple[str, ...] = ()
    """The values that name what a notice is about."""


class Entry(NamedTuple):
    """A notice, ready to be shown; all of it is readable text, and none of it is escaped for markup."""

    title: str
    told_at: float
    """Seconds since the epoch."""
    details: tuple[tuple[str, str], ...]
    """Labels and values."""

    @property
    def size(self) -> int:
        """Characters."""
        return len(self.title) + sum(len(label) + len(value) for label, value in self.details)


def notice_format(name: str) -> NoticeFormat:
    """The words for a kind, an open set."""
    suppressions = "`bouncehandler suppressions --reason {}` lists them"
    known = {
        "complaint": NoticeFormat("complaint", "complaints", suppressions.format("complaint"), ("person",)),
        "unsubscribe": NoticeFormat(
            "unsubscribe request", "unsubscribe requests", suppressions.format("unsubscribe"), ("person",)
        ),
        "held": NoticeFormat(
            "provider held", "providers held", "`bouncehandler status` shows who is held now", ("provider",)
        ),
        "back": NoticeFormat(
            "provider back", "providers back", "`bouncehandler status` shows who is held now", ("provider",)
        ),
        "dead": NoticeFormat(
            "dead letter", "dead letters", "`bouncehandler dead-letters list` lists them", ("person", "provider")
        ),
        "spike": NoticeFormat(
            "spike of bounces held",
            "spikes of bounces held",
            "`bouncehandler holds list` lists them, `holds release` and `holds discard` decide",
            ("mailbox_provider",),
        ),
        "report": NoticeFormat("report", "reports", "`bouncehandler report` makes them anew", ("since", "until")),
        "unreadable": NoticeFormat("unreadable input", "unreadable inputs", "the log names them", ("rows", "of")),
    }
    return known.get(name) or NoticeFormat(f"{name} notice", f"{name} notices", "the log has them")


def counted(name: str, count: int) -> str:
    """`4,999 complaints`."""
    kind = notice_format(name)
    return f"{count:,} {kind.one if count == 1 else kind.many}"


def entry_of(notice: Notice, sanitizer: TextSanitizer) -> Entry:
    """A notice, ready to be shown."""
    titled = notice_format(notice.kind).title
    shown = [(name, value) for name, value in notice.about.items() if name not in titled and value.strip()]
    details = tuple((_label(notice.kind, name, sanitizer), sanitizer(value)) for name, value in shown[:_MAX_DETAILS])
    return Entry(_title(notice.kind, notice.about, sanitizer), notice.at, details)


def _title(kind: str, about: Mapping[str, str], sanitizer: TextSanitizer) -> str:
    named = {name: sanitizer(about.get(name, "")) for name in notice_format(kind).title}
    match kind:
        case "unreadable":
            return f"{named['rows']} of {named['of']} rows can't be read"
        case "held" | "back":
            return f"{named['provider']} is {kind}"
        case "spike":
            return f"a spike of bounces at {named['mailbox_provider']}"
        case "dead":
            return f"{named['person'] or 'nobody known'} at {named['provider']}"
        case "report":
            since, until = (moment(float(about[name])) for name in named)
            return f"the report from {since} to {until} could not be made: the log says why"
    return " ".join(filter(None, named.values())) or "nobody known"


def _label(kind: str, name: str, sanitizer: TextSanitizer) -> str:
    return _LABELS_OF_KIND.get((kind, name)) or _LABELS.get(name) or sanitizer(name, _MAX_LABEL) or "?"

"""Formats numbers and times of a report: alike on the page, on the terminal and in a mail."""

from datetime import UTC, datetime

from bouncehandler.report.model import Kind, Value

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_WITHOUT_FRACTION = 10
_FINE_SHARE = 0.01
"""Smaller shares get another digit: mailbox providers set limits of 0.1 % and 0.3 %."""


def format_value(value: Value, kind: Kind) -> str:
    """Format a value; a dash for None."""
    if value is None:
        return "–"  # noqa: RUF001  # an en dash on purpose
    if isinstance(value, str):
        return value
    match kind:
        case "share":
            return format_share(value)
        case "seconds":
            return format_seconds(value)
        case "moment":
            return format_time(value)
    return f"{value:,.0f}"


def format_share(part: float) -> str:
    """`12.5 %`, `0.12 %`."""
    return f"{part * 100:.{2 if 0 < part < _FINE_SHARE else 1}f} %"


def format_seconds(length: float) -> str:
    """`45 ms`, `1.2 s`, `12 s`, `5 min`, `3 h`, `2 d`."""
    if length < 1:
        return f"{length * 1000:.0f} ms"
    if length < _MINUTE:
        return f"{length:.0f} s" if length >= _WITHOUT_FRACTION else f"{length:.1f} s"
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if length >= unit:
            return f"{length / unit:.1f} {name}" if length < _WITHOUT_FRACTION * unit else f"{length / unit:.0f} {name}"
    raise AssertionError("a length is shorter or longer than a minute")  # pragma: no cover


def format_time(at: float) -> str:
    """`2026-11-20 07:00`, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def format_day(at: float) -> str:
    """`20 Nov 2026`, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%d %b %Y").removeprefix("0")


def pluralize(count: float, one: str, more: str = "") -> str:
    """`1 row`, `1,200 rows`."""
    return f"{count:,.0f} {one if count == 1 else more or one + 's'}"

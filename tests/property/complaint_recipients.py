"""Recipients of a row of a feedback loop, computed slowly and plainly for the reference reader."""

from collections.abc import Sequence

from bouncehandler.accounting.complaints import ComplaintLayout
from bouncehandler.accounting.fields import clean, parse_addresses

_COLUMNS = ("rcpt", "header_x-hmxmroriginalrecipient", "arf_original-rcpt-to", "arf_original-recipient")
_MOST = 20

DECISIVE = frozenset((
    *("rcpt", "orig", "bouncecat", "dsnstatus", "jobid", "feedbacktype", "header_x-hmxmroriginalrecipient"),
    *("arf_original-rcpt-to", "arf_original-recipient", "header_x-original-to", "header_delivered-to", "header_to"),
    *("header_list-unsubscribe", "header_list-id", "header_x-mw-subscriber-uid", "header_x-mw-campaign-uid"),
    *("header_x-mailer-lid", "header_x-mailer-recptid"),
))  # fmt: skip
"""Columns on which a decision rests, in lower case."""


def recipients_of(names: Sequence[str], cells: Sequence[str]) -> list[str] | None:
    """The addresses, or else the name of the subscriber by the ids, or else an empty one; None: too many."""
    headers: dict[str, str] = {}
    for name, cell in zip(names, cells, strict=False):
        if cell and name not in headers:
            headers[name] = clean(cell)
    found: list[str] = []
    for column in _COLUMNS:
        found = found or list(parse_addresses(headers.get(column, "")))
    listed = parse_addresses(headers.get("arf_original-rcpt-to", ""))
    if any(address in listed for address in found):
        found += [address for address in listed if address not in found]
    if len(found) > _MOST:
        return None
    ids = ComplaintLayout(list(headers)).complaints([headers[name] for name in headers])
    return found or [ids[0].subscriber.name if isinstance(ids, list) else ""]

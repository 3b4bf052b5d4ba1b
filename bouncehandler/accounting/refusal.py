"""Refusal of an input as a whole: the sentence with the cause and the remedy."""

from collections import Counter

from bouncehandler.accounting.address_list import NO_TYPE, Refusal

NOT_RECOGNISED = "not one row of the input was recognised"

_FORMS = (
    "it is neither PowerMTA accounting (a header that begins with `type`, or rows that begin with `b,`) nor a list of "
    "addresses, each at the beginning of its line"
)
_GIVE_A_LIST = "give one address a line, or name the columns in the first line, the recipient's first: `email,name`"
_GIVE_THE_HEADER = "put PowerMTA's header line in front, or name the order of their columns in `[columns]`"


def explain_refused_list(refusal: Refusal) -> str:
    """The sentence on an input whose columns are unknown, as one of its lines shows."""
    if refusal.reason == NO_TYPE:
        return (
            f"line {refusal.line} names PowerMTA's columns, but does not begin with `type,`: its rows are not read; "
            "give the file as PowerMTA wrote it, with commas and the column `type`"
        )
    return f"line {refusal.line}: the recipient's column is unclear, {refusal.evidence}; {_GIVE_A_LIST}"


def explain_unread(unreadable: Counter[str], *, is_familiar: bool, has_header: bool) -> str:
    """The sentence on an input of which not one row could be read, with the unreadable rows by reason."""
    if not is_familiar:
        return f"{NOT_RECOGNISED}: {_FORMS}"
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in unreadable.most_common())
    remedy = "give the file as PowerMTA wrote it, below its own header"
    if not has_header:
        remedy = f"without a header line they are not in the order that is expected: {_GIVE_THE_HEADER}"
    return f"not one row of the input could be read ({reasons}): {remedy}"

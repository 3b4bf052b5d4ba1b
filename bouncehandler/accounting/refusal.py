"""Why an input is refused as a whole, as a sentence."""

from bouncehandler.accounting.address_list import NO_TYPE, Refusal
from bouncehandler.accounting.reader import PowerMtaCsvReader

NOT_RECOGNISED = "not one row of the input was recognised"

_FORMS = (
    "it is neither PowerMTA accounting (a header that begins with `type`, or rows that begin with `b,`) nor a list of "
    "addresses, each at the beginning of its line"
)
_GIVE_A_LIST = "give one address a line, or name the columns in the first line, the recipient's first: `email,name`"
_GIVE_THE_HEADER = "put PowerMTA's header line in front, or name the order of their columns in `[columns]`"


def refusal_of(reader: PowerMtaCsvReader) -> str:
    """What was seen, and how to mend it; empty for an input that is not refused.

    Such an input shows that its columns can't be told, or holds rows of which not one could be read. A header alone, as
    PowerMTA sends it at first, is in order.
    """
    if refusal := reader.address_list.refusal:
        return _sentence(refusal)
    if reader.rows or (reader.has_header and not reader.unreadable):
        return ""
    if not reader.is_familiar:
        return f"{NOT_RECOGNISED}: {_FORMS}"
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in reader.unreadable.most_common())
    mend = "give the file as PowerMTA wrote it, below its own header"
    if not reader.has_header:
        mend = f"without a header line they are not in the order that is expected: {_GIVE_THE_HEADER}"
    return f"not one row of the input could be read ({reasons}): {mend}"


def _sentence(refusal: Refusal) -> str:
    if refusal.reason == NO_TYPE:
        return (
            f"line {refusal.line} names PowerMTA's columns, but does not begin with `type,`: what follows is not read; "
            "give the file as PowerMTA wrote it, with commas and the column `type`"
        )
    return f"line {refusal.line}: the recipient's column can't be told, {refusal.seen}; {_GIVE_A_LIST}"

"""PowerMTA's accounting: blocks of CSV bytes become records, by header name, and what can't be read says why.

`reader` is the door. `lines` cuts blocks into lines, `layout` finds the columns, `listed` knows plain lists,
`address_list` and `headings` judge their lines, `records` makes records of rows, `order` checks rows without a header,
`complaints` finds whom a feedback loop names, `damage` the next good row, `headers` remembers where headers stood,
`open_row` keeps a row whose quoted cell goes on, and `refusal` says why an input is refused as a whole.
"""

from bouncehandler.accounting.complaints import AnonymousComplaint
from bouncehandler.accounting.events import TYPES, Item, Unreadable, bounces_in
from bouncehandler.accounting.fields import clean, parse_time
from bouncehandler.accounting.layout import DEFAULT_COLUMNS, ColumnsMissing, Layout
from bouncehandler.accounting.reader import PowerMtaCsvReader
from bouncehandler.accounting.refusal import NOT_RECOGNISED, refusal_of

__all__ = [
    "DEFAULT_COLUMNS",
    "NOT_RECOGNISED",
    "TYPES",
    "AnonymousComplaint",
    "ColumnsMissing",
    "Item",
    "Layout",
    "PowerMtaCsvReader",
    "Unreadable",
    "bounces_in",
    "clean",
    "parse_time",
    "refusal_of",
]

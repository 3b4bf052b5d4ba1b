"""PowerMTA's accounting: blocks of CSV bytes become records, by header name, and what can't be read says why.

`reader` is the door. `lines` cuts blocks into lines, `layout` finds the columns, `listed` knows plain lists,
`complaints` finds whom a feedback loop names, `damage` the next good row, `headers` remembers where headers stood, and
`open_row` keeps a row whose quoted cell goes on.
"""

from bouncehandler.accounting.complaints import AnonymousComplaint
from bouncehandler.accounting.events import TYPES, Item, Unreadable, bounces_in
from bouncehandler.accounting.fields import clean, parse_time
from bouncehandler.accounting.layout import DEFAULT_COLUMNS, ColumnsMissing, Layout
from bouncehandler.accounting.reader import PowerMtaCsvReader

__all__ = [
    "DEFAULT_COLUMNS",
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
]

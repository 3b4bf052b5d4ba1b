"""PowerMTA's accounting: blocks of CSV bytes become records, by header name, and what can't be read says why.

`reader` is the door. `lines` cuts blocks into lines, `layout` finds the columns, `listed` knows plain lists,
`complaints` finds whom a feedback loop names, `damage` the next good row, `headers` remembers where headers stood, and
`open_row` keeps a row whose quoted cell goes on.
"""

from bouncehandler.accounting.cells import clean, parse_time
from bouncehandler.accounting.complaints import Nameless
from bouncehandler.accounting.items import TYPES, Item, Unreadable, bounces_in
from bouncehandler.accounting.layout import DEFAULT_COLUMNS, ColumnsMissing, Layout
from bouncehandler.accounting.reader import Reader

__all__ = [
    "DEFAULT_COLUMNS",
    "TYPES",
    "ColumnsMissing",
    "Item",
    "Layout",
    "Nameless",
    "Reader",
    "Unreadable",
    "bounces_in",
    "clean",
    "parse_time",
]

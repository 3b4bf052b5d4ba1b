"""PowerMTA's accounting: blocks of CSV bytes become records, by header name, and what can't be read says why.

`reader` is the door. `lines` cuts blocks into lines, `layout` finds the columns, `damage` finds the next good row.
"""

from bouncehandler.accounting.layout import DEFAULT_COLUMNS, ColumnsMissing
from bouncehandler.accounting.reader import TYPES, Item, Reader, Unreadable

__all__ = ["DEFAULT_COLUMNS", "TYPES", "ColumnsMissing", "Item", "Reader", "Unreadable"]

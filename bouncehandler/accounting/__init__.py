"""Input formats: blocks of bytes become records, and rows that can't be read become rejects with a reason.

`formats` has the port `RecordReader` and the registry of formats. `reader` reads PowerMTA's CSV: `line_splitter` cuts
blocks into lines, `layout` finds the columns, `fast_path` reads the rows that need no closer look, `record_builder` the
others, `complaints` finds the subject of a feedback-loop row, `column_order` checks rows without a header,
`address_list`, `heading` and `list_cells` read plain lists, `resync` finds the next good row, and `refusal` explains
why an input is refused as a whole.
"""

from bouncehandler.accounting.complaints import AnonymousComplaint
from bouncehandler.accounting.events import TYPES, Item, Unreadable, bounces_in
from bouncehandler.accounting.fields import clean, parse_time
from bouncehandler.accounting.formats import FORMATS, RecordReader, open_reader
from bouncehandler.accounting.layout import DEFAULT_COLUMNS, ColumnsMissing, Layout
from bouncehandler.accounting.reader import PowerMtaCsvReader
from bouncehandler.accounting.refusal import NOT_RECOGNISED

__all__ = [
    "DEFAULT_COLUMNS",
    "FORMATS",
    "NOT_RECOGNISED",
    "TYPES",
    "AnonymousComplaint",
    "ColumnsMissing",
    "Item",
    "Layout",
    "PowerMtaCsvReader",
    "RecordReader",
    "Unreadable",
    "bounces_in",
    "clean",
    "open_reader",
    "parse_time",
]

"""The report on bounces, verdicts and dispatches, as plain data, HTML page, CSV, JSON and a short text.

`aggregates` adds up the hourly counts in bounded memory; `tables`, `provider_table` and `alerts` make the parts that
`build` puts into a `model`. `page` (with `charts`), `export` and `text` render it. No address is in a report.
"""

from bouncehandler.report.build import Scope, Sources, build_report
from bouncehandler.report.model import Alert, Headline, Report, Table, TableColumn, Timeline

__all__ = ["Alert", "Headline", "Report", "Scope", "Sources", "Table", "TableColumn", "Timeline", "build_report"]

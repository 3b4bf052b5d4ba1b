"""The report: what came in, what was decided and what became of it, as plain data, a page, CSV, JSON and a short text.

`model` is the plain data; `sums` adds up the figures in memory that stays flat; `tables`, `health` and `alerts` make
of them what is shown, and `gathering` puts it together. `page` writes HTML (with `charts`), `export` CSV and JSON,
`plain` a few lines for a mail. Nothing here prints, and nothing of it names a person.
"""

from bouncehandler.report.build import Scope, Sources, build_report
from bouncehandler.report.model import Alert, Column, Headline, Report, Table, Timeline

__all__ = ["Alert", "Column", "Headline", "Report", "Scope", "Sources", "Table", "Timeline", "build_report"]

"""The report: what came in, what was decided and what became of it, as plain data, a page, CSV, JSON and a short text.

`model` is the plain data; `sums` adds up the figures in memory that stays flat; `tables`, `health` and `remarks` make
of them what is shown, and `gathering` puts it together. `page` writes HTML (with `charts`), `export` CSV and JSON,
`plain` a few lines for a mail. Nothing here prints, and nothing of it names a person.
"""

from bouncehandler.report.gathering import Scope, Sources, gather
from bouncehandler.report.model import Column, Headline, Remark, Report, Table, Timeline

__all__ = ["Column", "Headline", "Remark", "Report", "Scope", "Sources", "Table", "Timeline", "gather"]

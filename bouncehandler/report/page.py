"""The report as one page of HTML that loads nothing: style and script stand in it, and the page allows no others."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bouncehandler.report.alerts import COMPLAINTS_BAD, COMPLAINTS_DOUBTFUL
from bouncehandler.report.charts import Chart, bar, drawn
from bouncehandler.report.formatting import day, moment, share, written
from bouncehandler.report.model import Report, Table, Value

_FOLDER = Path(__file__).parent

_CHARTS = (
    Chart("bounces", "Bounces", ("suppressed", "counted", "ignored")),
    Chart("complaints", "Complaints", ("complaints",)),
    Chart(
        "rate",
        "Complaint rate",
        ("complaint_share",),
        (COMPLAINTS_DOUBTFUL, COMPLAINTS_BAD),
        share,
    ),
    Chart("unsubscribes", "Unsubscribe requests", ("unsubscribes",)),
)

_ALWAYS = ("bounces", "complaints", "unsubscribes")


def render_html(report: Report) -> str:
    """The page. Every text in it is escaped; none is taken for markup, for style or for script."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"written": written, "moment": moment, "day": day, "row_bar": _row_bar, "marked": _marked}
    style, script = (_FOLDER / "page.css").read_text("utf-8"), (_FOLDER / "page.js").read_text("utf-8")
    told = report.timeline.series
    charts = [chart for chart in _CHARTS if chart.name in _ALWAYS or any(told.get(chart.series[0], ()))]
    return environment.get_template("page.html").render(
        report=report,
        charts=[(chart, drawn(chart, report.timeline)) for chart in charts],
        tables={table.name: table for table in report.tables},
        style=Markup(style),  # noqa: S704  # our own file, to the letter: its hash is in the policy
        script=Markup(script),  # noqa: S704  # as above
        policy=_policy(style, script),
    )


def _policy(style: str, script: str) -> str:
    """Content Security Policy: nothing is loaded, and nothing runs but what stands here (CSP 3, 2.3.1)."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _marked(text: str) -> Markup:
    """A sentence of ours, escaped; what stands between backticks is a command."""
    code, plain = Markup("<code>{}</code>"), Markup("{}")
    parts = ((code if index % 2 else plain).format(part) for index, part in enumerate(text.split("`")))
    return Markup("").join(parts)


def _row_bar(table: Table, row: tuple[Value, ...]) -> Markup:
    """The bar of one row."""
    return bar([(name, table.part(row, name)) for name in table.parts], table.widest)

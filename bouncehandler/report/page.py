"""Renders a report as one self-contained HTML page, whose policy allows its own style and script alone."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bouncehandler.report.alerts import COMPLAINTS_BAD, COMPLAINTS_DOUBTFUL
from bouncehandler.report.charts import Chart, draw_bar, draw_chart
from bouncehandler.report.formatting import format_day, format_share, format_time, format_value
from bouncehandler.report.model import Report, Table, Value

_FOLDER = Path(__file__).parent

_CHARTS = (
    Chart("bounces", "Bounces", ("suppressed", "counted", "ignored")),
    Chart("complaints", "Complaints", ("complaints",)),
    Chart("rate", "Complaint rate", ("complaint_share",), (COMPLAINTS_DOUBTFUL, COMPLAINTS_BAD), format_share),
    Chart("unsubscribes", "Unsubscribe requests", ("unsubscribes",)),
)

_ALWAYS = ("bounces", "complaints", "unsubscribes")


def render_html(report: Report) -> str:
    """Render the page; every text in it is escaped."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        function.__name__: function for function in (format_value, format_time, format_day, mark_commands, draw_row_bar)
    }
    style, script = (_FOLDER / "page.css").read_text("utf-8"), (_FOLDER / "page.js").read_text("utf-8")
    series = report.timeline.series
    charts = [chart for chart in _CHARTS if chart.name in _ALWAYS or any(series.get(chart.series[0], ()))]
    return environment.get_template("page.html").render(
        report=report,
        charts=[(chart, draw_chart(chart, report.timeline)) for chart in charts],
        tables={table.name: table for table in report.tables},
        style=Markup(style),  # noqa: S704  # our own file, unchanged: its hash is in the policy
        script=Markup(script),  # noqa: S704  # as above
        policy=_policy(style, script),
    )


def _policy(style: str, script: str) -> str:
    """Build the Content Security Policy: nothing is loaded, and the page's own script alone is run (CSP 3, 2.3.1)."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def mark_commands(text: str) -> Markup:
    """Escape a sentence, and mark the commands between backticks."""
    code, plain = Markup("<code>{}</code>"), Markup("{}")
    parts = ((code if index % 2 else plain).format(part) for index, part in enumerate(text.split("`")))
    return Markup("").join(parts)


def draw_row_bar(table: Table, row: tuple[Value, ...]) -> Markup:
    """Draw the bar of a row."""
    return draw_bar([(name, table.part(row, name)) for name in table.parts], table.widest)

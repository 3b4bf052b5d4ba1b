"""Makes deploy/docs/report.png, the report of a made-up week in Chromium: `make picture`.

Two weeks of a bulk sender's traffic, a tenth of that of the scenarios, go through the program; the second is shown.
"""

import io
import random
import socket
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.acceptance.browser import browser, opened
from tests.acceptance.harness import Program
from tests.acceptance.shell import trail
from tests.scenarios.traffic import DAY, THIRD_WEEK, HardBounce, Traffic, gmail_2020

_PICTURE = Path(__file__).resolve().parents[2] / "deploy" / "docs" / "report.png"
_START = datetime(2026, 11, 2, tzinfo=UTC)
_WIDTH, _HEIGHT = 1180, 900
_HOST = "mta1.example.com"
_COLUMNS = "type,timeLogged,orig,rcpt,dsnStatus,dsnDiag,dsnMta,bounceCat,vmta,jobId,dlvSourceIp,feedbackType"
_SHARE = 0.1
_DELIVERED = 97
"""Deliveries to a hard bounce."""
_OTHERS = (
    (0.35, "b", "quota-issues", "5.2.2", "smtp;552 5.2.2 mailbox full"),
    (0.30, "b", "spam-related", "5.7.1", "smtp;550 5.7.1 unsolicited message blocked"),
    (0.15, "b", "policy-related", "5.7.26", "smtp;550 5.7.26 this message does not pass authentication checks"),
    (0.10, "b", "no-answer-from-host", "4.4.1", "smtp;451 4.4.1 no answer from host"),
    (0.04, "f", "", "", ""),
)
"""Rows beside a hard bounce: how often, type, category, status, diagnostic."""


def rows() -> Iterator[str]:
    """Lines of PowerMTA's, the same every time."""
    rng = random.Random(11)  # noqa: S311  # a made-up week, always the same
    yield _COLUMNS
    for bounces in Traffic(3, harm=gmail_2020, start=_START, begins=7 * DAY).rows():
        for bounce in bounces:
            if rng.random() < _SHARE:
                yield from _around(rng, bounce)


def _around(rng: random.Random, bounce: HardBounce) -> Iterator[str]:
    """A hard bounce with what else came of the same messages."""
    domain = bounce.recipient.partition("@")[2]
    at = (_START + timedelta(minutes=bounce.at)).strftime("%Y-%m-%d %H:%M:%S+0000")
    rest = f"vmta{rng.randrange(1, 4)},week-{bounce.at // (7 * DAY)}-{rng.choice('abc')},192.0.2.{rng.randrange(1, 5)}"
    words = bounce.diagnostic.replace(",", " ")
    category = "inactive-mailbox" if "inactive" in words or "disabled" in words else "bad-mailbox"
    yield f"b,{at},news@example.com,{bounce.recipient},{bounce.status},{words},{bounce.host},{category},{rest},"
    if bounce.is_false:
        return
    for number in range(_DELIVERED):
        yield f"d,{at},news@example.com,d{number}@{domain},2.0.0,,{bounce.host},,{rest},"
    for share, kind, other, status, diagnostic in _OTHERS:
        if rng.random() < share:
            who = f"{kind}{rng.getrandbits(40):x}@{domain}"
            feedback = "abuse" if kind == "f" else ""
            yield f"{kind},{at},news@example.com,{who},{status},{diagnostic},{bounce.host},{other},{rest},{feedback}"


def draw(folder: Path) -> None:
    """Feed the rows, make the report of the second week, and take its picture."""
    program = Program(folder)
    program.configure({"spool.keep": {"figures": "forever"}}, news=trail(folder), shop=trail(folder))
    text = io.StringIO()
    text.writelines(f"{line}\n" for line in rows())
    program.feed(text.getvalue().encode())
    since, until = (str((_START + timedelta(minutes=THIRD_WEEK + days * DAY)).date()) for days in (0, 7))
    page = folder / "report.html"
    finished = program.run("report", "--since", since, "--until", until, "--html", str(page))
    assert finished.status == 0, finished.stderr
    page.write_text(page.read_text().replace(socket.gethostname(), _HOST))
    with browser() as chromium, opened(chromium, page, width=_WIDTH) as report:
        report.page.set_viewport_size({"width": _WIDTH, "height": _HEIGHT})
        report.page.screenshot(path=_PICTURE)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        draw(Path(folder))

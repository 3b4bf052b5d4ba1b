"""Accounting files like those that a sender of newsletters has, made from a seed: the same bytes on every machine."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple

from bouncehandler.policy import DEFAULT_BOUNCE

Kind = Literal["mixed", "ignored", "suppressed", "counted"]
"""`mixed` holds everything; the others only bounces that the default policy ignores, suppresses, or counts."""

ORIGINATORS = ("news@example.com", "*@bounce.example.com")
"""Patterns that a provider has for the senders in the corpus."""

HEADER = (
    "type,timeLogged,timeQueued,orig,rcpt,dsnAction,dsnStatus,dsnDiag,dsnMta,bounceCat,srcType,dlvType,dlvSourceIp,"
    "dlvDestinationIp,vmta,jobId,envId,vmtaPool,repSourceIp,feedbackType,format,userAgent,reportingMta,reportedDomain,"
    "header_From,header_Return-Path,header_X-job,header_Subject,dsnReportingMta\n"
)
"""One header above `b`, `rb` and `f`, as PowerMTA writes it: the union of the fields that a site asks for."""

COLUMNS = tuple(HEADER.rstrip().split(","))


class _Category(NamedTuple):
    """One of PowerMTA's 17 categories."""

    share: float
    """Percent of the bounces; an estimate, since none are published such numbers."""
    status: str
    diagnostic: str
    """`#` stands for the recipient; empty where no server answered."""


_CATEGORIES = {
    "bad-mailbox": _Category(
        34,
        "5.1.1 (bad destination mailbox address)",
        "smtp;550 5.1.1 <#>: rejected: no such user here",
    ),
    "inactive-mailbox": _Category(
        6, "5.2.1 (mailbox disabled)", "smtp;550 5.2.1 The account <#> is disabled and takes no mail"
    ),
    "bad-domain": _Category(5, "5.1.2 (bad destination system: no such domain)", ""),
    "quota-issues": _Category(12, "5.2.2 (mailbox full)", "smtp;552 5.2.2 <#>: the mailbox is over its quota"),
    "no-answer-from-host": _Category(5, "4.4.1 (no answer from host)", ""),
    "routing-errors": _Category(3, "5.4.4 (unable to route)", ""),
    "relaying-issues": _Category(1.5, "5.7.1 (delivery not authorized)", "smtp;550 5.7.1 <#>: relaying is denied"),
    "spam-related": _Category(
        12, "5.7.1 (delivery not authorized)", 'smtp;554 5.7.1 "unsolicited" mail is blocked, see our help pages'
    ),
    "policy-related": _Category(8, "5.7.1 (delivery not authorized)", "smtp;550 5.7.1 refused by policy, host listed"),
    "content-related": _Category(2, "5.6.0 (other media error)", "smtp;554 5.6.0 the message content is not accepted"),
    "virus-related": _Category(0.2, "5.7.1 (delivery not authorized)", "smtp;554 5.7.1 a virus was found"),
    "invalid-sender": _Category(0.5, "5.1.8 (bad sender's system address)", "smtp;550 5.1.8 the sender is not known"),
    "bad-configuration": _Category(1, "5.3.5 (system incorrectly configured)", "smtp;554 5.3.5 mail loops back to me"),
    "protocol-errors": _Category(0.6, "5.5.0 (other protocol status)", "smtp;503 5.5.0 wrong sequence of commands"),
    "bad-connection": _Category(4, "4.4.2 (bad connection)", ""),
    "message-expired": _Category(2.2, "4.4.7 (delivery time expired)", ""),
    "other": _Category(3, "5.0.0 (undefined status)", "smtp;554 transaction failed, sorry"),
}
_DOMAINS = {"gmail": 35, "yahoo": 12, "outlook": 11, "hotmail": 9, "web": 4, "orange": 3, "company": 16, "school": 10}
_LOCALS = ("jane.roe", "john", "m.garcia", "o'brien", "info", "anna_k", "kontakt", "l-martin", "peter+news", "x")
_COMPLAINTS, _REMOTE = 0.02, 0.05
"""Shares of feedback-loop records among all rows, and of remote bounces among bounces; estimates too."""
_TEMPLATES = 4096
_NUMBER, _LOGGED, _QUEUED = "\x01", "\x02", "\x03"
"""What stands in a template for that which differs in every row."""

_FIRST = datetime(2026, 1, 5, 9, tzinfo=UTC)
_ROWS_A_SECOND = 50


def lines(kind: Kind, rows: int, seed: int = 1) -> Iterator[str]:
    """The header, then so many rows of about 300 bytes, each with a recipient and a VERP sender of its own."""
    yield HEADER
    random = Random(seed)  # noqa: S311  # nothing is secret here
    templates = [_template(kind, random) for _ in range(_TEMPLATES)]
    for first in range(0, rows, _TEMPLATES):
        some = random.choices(templates, k=min(_TEMPLATES, rows - first))
        for number, (template, delay) in enumerate(some, first):
            second = number // _ROWS_A_SECOND
            text = template.replace(_NUMBER, format(number, "x")).replace(_LOGGED, _time(second))
            yield text.replace(_QUEUED, _time(second - delay))


def write(path: Path, kind: Kind, rows: int) -> Path:
    """The corpus as a file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(lines(kind, rows))
    return path


def blocks(kind: Kind, rows: int, seed: int = 1) -> Iterator[bytes]:
    """The corpus in pieces of some 100 kB, for a pipe."""
    text = lines(kind, rows, seed)
    while some := list(islice(text, 350)):
        yield "".join(some).encode()


@lru_cache(maxsize=100_000)
def _time(second: int) -> str:
    return (_FIRST + timedelta(seconds=second)).strftime("%Y-%m-%d %H:%M:%S+0000")


def _template(kind: Kind, random: Random) -> tuple[str, int]:
    """A row with gaps, and the seconds that its message was in the queue."""
    delay = int(min(random.lognormvariate(1, 2), 4 * 86400))
    subject = f"{random.choice(_LOCALS)}{_NUMBER}", f"{_pick(_DOMAINS, random)}.example"
    if kind == "mixed" and random.random() < _COMPLAINTS:
        return _line(_complaint(*subject)), delay
    chosen = {name: found for name, found in _CATEGORIES.items() if _belongs(name, kind)}
    name = _pick({name: found.share for name, found in chosen.items()}, random)
    cells = _bounce(name, _CATEGORIES[name], *subject, random)
    return _line(_remote(cells) if random.random() < _REMOTE else cells), delay


def _belongs(category: str, kind: Kind) -> bool:
    kinds = {"suppress": "suppressed", "ignore": "ignored"}
    action = DEFAULT_BOUNCE[category]
    return kind in {"mixed", kinds[action] if isinstance(action, str) else "counted"}


def _pick(shares: dict[str, float] | dict[str, int], random: Random) -> str:
    return random.choices(list(shares), list(shares.values()))[0]


def _bounce(name: str, category: _Category, local: str, domain: str, random: Random) -> dict[str, str]:
    vmta = random.randrange(1, 9)
    answered = bool(category.diagnostic)
    return {
        "type": "b",
        "timeLogged": _LOGGED,
        "timeQueued": _QUEUED,
        "orig": f"b-{_NUMBER}@bounce.example.com",
        "rcpt": f"{local}@{domain}",
        "dsnAction": "failed",
        "dsnStatus": category.status,
        "dsnDiag": category.diagnostic.replace("#", f"{local}@{domain}"),
        "dsnMta": f"mx{vmta}.{domain} (192.0.2.{vmta})" if answered else "",
        "bounceCat": name,
        "srcType": "smtp",
        "dlvType": "smtp",
        "dlvSourceIp": f"198.51.100.{vmta}",
        "dlvDestinationIp": f"192.0.2.{vmta}" if answered else "",
        "vmta": f"vmta{vmta}",
        "jobId": f"ab{random.randrange(40):02}cd456efg7",
        "vmtaPool": "news",
    }


def _remote(cells: dict[str, str]) -> dict[str, str]:
    """The same as a remote bounce, which came back by mail: often on several lines, and without a job of its own."""
    kept = ("timeLogged", "orig", "rcpt", "dsnStatus", "dsnMta", "bounceCat", "srcType")
    diagnostic = cells["dsnDiag"].replace(": ", ":\n", 1)
    return {
        **{name: cells[name] for name in kept},
        "type": "rb",
        "dsnDiag": diagnostic,
        "format": "dsn",
        "header_X-job": cells["jobId"],
        "dsnReportingMta": cells["dsnMta"].partition(" ")[0],
    }


def _complaint(local: str, domain: str) -> dict[str, str]:
    return {
        "type": "f",
        "timeLogged": _LOGGED,
        "orig": f"b-{_NUMBER}@bounce.example.com",
        "rcpt": f"{local}@{domain}",
        "dlvSourceIp": "198.51.100.1",
        "repSourceIp": "192.0.2.99",
        "feedbackType": "abuse",
        "format": "arf",
        "userAgent": "Example-Feedback/2.0",
        "reportedDomain": "example.com",
        "header_From": '"News, daily" <news@example.com>',
        "header_X-job": "ab01cd456efg7",
        "header_Subject": "Grüße, and what is new",
    }


def _line(cells: dict[str, str]) -> str:
    row: Sequence[str] = [cells.get(name, "") for name in COLUMNS]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(row)
    return text.getvalue()

"""The same bounces for every adapter: each category, awkward addresses, known and unknown recipients."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tests.acceptance.harness import OLD_ORDER, Event, Finished, Program, Row, accounting, bounce
from tests.fakes.server import FakeServer

SUPPRESSING = ("bad-mailbox", "bad-domain", "inactive-mailbox")
COUNTING = ("quota-issues", "no-answer-from-host", "routing-errors", "relaying-issues")
IGNORED = (
    "spam-related",
    "policy-related",
    "content-related",
    "virus-related",
    "invalid-sender",
    "bad-configuration",
    "protocol-errors",
    "bad-connection",
    "message-expired",
    "other",
)
"""With the others above PowerMTA's 17 categories."""
UNNAMED = ("site-special", "")
"""A category of the site's own, and none."""

AWKWARD = ("a&b@example.com", "o'brien+x@example.com", "jürgen@müller.example", "почта@пример.example")
UNKNOWN, GONE, MANY = "stranger@example.com", "gone@example.com", "everywhere@example.com"
"""On no list; on one list and unsubscribed; on 60 lists."""
MIXED_CASE, LOWER_CASE = '"Doe, Jane" <Jane.DOE@Example.COM>', "jane.doe@example.com"
TEMPORARY, POLICY, LIST_HIT = "temporary@example.com", "policy@example.com", "listed@example.com"
"""Bounces of a hard category that a status, or PowerMTA's own suppression list, explains away."""

CAMPAIGN = "spring0000001"
JOB = f"mailwizz-{CAMPAIGN}"
HOSTILE = 'smtp;550 <b>no</b> "a&b" </details>\nb,,bad-mailbox,,,victim@example.com,,,,,,\n{"event": "finished"}'
"""Diagnostics of remote servers."""

SPARED = (TEMPORARY, POLICY, LIST_HIT, *(f"{name or 'empty'}@cat.example" for name in COUNTING + IGNORED + UNNAMED))
"""Recipients that must stay subscribed."""
ACTIVE = (*(f"{name}@cat.example" for name in SUPPRESSING), *AWKWARD, MANY, LOWER_CASE)
"""Recipients that are subscribed somewhere, and must not be any more."""
SUPPRESSED = (*ACTIVE, UNKNOWN, GONE)


def rows() -> list[Row]:
    """A bounce of every category, and of every recipient named above."""
    return [
        *(
            bounce(f"{name or 'empty'}@cat.example", name, jobId=JOB)
            for name in SUPPRESSING + COUNTING + IGNORED + UNNAMED
        ),
        *(bounce(address, jobId=JOB, dsnDiag=HOSTILE) for address in (*AWKWARD, MIXED_CASE, UNKNOWN, GONE, MANY)),
        bounce(TEMPORARY, dsnStatus="4.2.2 (mailbox full)"),
        bounce(POLICY, dsnStatus="5.7.1 (delivery not authorized)"),
        bounce(LIST_HIT, dsnStatus="5.0.0", dsnDiag="smtp;550 5.7.1 recipient is in suppression list"),
    ]


def others() -> list[Row]:
    """Rows of the types that are counted and nothing else, each of a recipient who must stay subscribed."""
    types = ("d", "t", "tq", "r", "rs")
    return [bounce("" if kind == "tq" else TEMPORARY, type=kind, dsnStatus="2.0.0 (success)") for kind in types]


Server = TypeVar("Server", bound=FakeServer)


@dataclass(frozen=True)
class Case(Generic[Server]):
    """An installation that was fed the bounces, then the same file again with a later bounce of each recipient."""

    program: Program
    servers: Mapping[str, Server]
    """By provider."""
    first: Finished
    again: Finished
    made: Mapping[str, int]
    """How many requests each provider's server had got after the first run."""

    def outcome(self, provider: str, recipient: str) -> Event:
        """The only log line with the outcome for a recipient at a provider."""
        (line,) = [e for e in self.first.events if (e.get("provider"), e.get("recipient")) == (provider, recipient)]
        return line


def feed_bounces(program: Program, servers: Mapping[str, Server], *, has_header: bool) -> Case[Server]:
    """Feed the bounces, and then all again."""
    data = bounce_file(has_header=has_header)
    first = program.feed(data)
    made = {name: len(server.calls()) for name, server in servers.items()}
    return Case(program, servers, first, program.feed(data + later(ACTIVE)), made)


def bounce_file(*, has_header: bool) -> bytes:
    """The bounces as a file; without a header in the old handler's order, and without what that has no column for."""
    if has_header:
        return accounting([*rows(), *others()])
    return accounting(rows(), OLD_ORDER, has_header=False)


def later(recipients: Sequence[str]) -> bytes:
    """Another bounce of each recipient in the same campaign, a day later."""
    at = {"timeQueued": "2026-03-02 09:30:00+0000", "timeLogged": "2026-03-02 09:30:05+0000"}
    return accounting([bounce(recipient, **at, jobId=JOB) for recipient in recipients])

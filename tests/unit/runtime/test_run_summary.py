"""Run summary: the sentence of exit status 75, and its numbers."""

from pathlib import Path

import pytest

from bouncehandler.cli.output.terminal import compared_lines
from bouncehandler.dispatcher.outcome_log import WorkerCounters
from bouncehandler.runtime.run_summary import (
    Comparison,
    ProviderBacklog,
    describe_backlog,
    load_backlog,
    moment,
    provider_numbers,
)
from bouncehandler.runtime.shutdown import ShutdownSignal
from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.contract.spool.examples import CLOCK, NOW, again, at_time, people, put, take

AT = 1_767_225_600.0


@pytest.mark.parametrize(
    ("waiting", "expected"),
    [
        (
            ProviderBacklog(1, AT, "HTTP 503", is_held=False),
            "1 dispatch waits for news until 2026-01-01T00:00:00+00:00 (HTTP 503)",
        ),
        (
            ProviderBacklog(1200, AT, "HTTP 401", is_held=True),
            "1,200 dispatches wait for news, which is held, until 2026-01-01T00:00:00+00:00 (HTTP 401)",
        ),
        (ProviderBacklog(2, None, "", is_held=False), "2 dispatches wait for news"),
    ],
    ids=["one", "held", "nothing known"],
)
def test_sentence(waiting: ProviderBacklog, expected: str) -> None:
    """The sentence has how many wait, why, and until when."""
    assert waiting.sentence("news") == expected


def test_one_sentence_for_all() -> None:
    """All providers with something that waits are in one sentence; it reports that nothing is lost."""
    some, none = ProviderBacklog(1, None, "", is_held=False), ProviderBacklog(0, None, "", is_held=False)
    assert describe_backlog({"news": some, "crm": none, "shop": some}) == (
        "1 dispatch waits for news; 1 dispatch waits for shop; nothing is lost, `bouncehandler work` carries on"
    )
    assert describe_backlog({"crm": none}) == ""
    assert describe_backlog({}) == ""


def test_numbers() -> None:
    """Done and dead are of this run; a provider without calls in this run has only what waits."""
    waiting = {
        "news": ProviderBacklog(2, None, "HTTP 503", is_held=False),
        "crm": ProviderBacklog(0, None, "old", is_held=False),
    }
    counters = {"news": WorkerCounters(done=3, dead=1)}
    assert provider_numbers(waiting, counters) == {
        "news": {"done": 3, "waiting": 2, "dead": 1, "why": "HTTP 503"},
        "crm": {"done": 0, "waiting": 0, "dead": 0},
    }


def test_waiting_is_read_from_the_spool(tmp_path: Path) -> None:
    """Of each configured provider: what waits, until when, and its last answer; or why it is held, and until when."""
    spool = SqliteSpool.open(tmp_path / "spool.db", clock=CLOCK)
    put(spool, *people(3), to=("news", "crm"))
    later = NOW + 10 * 365 * 86_400
    (first, *_) = claimed = take(spool, provider="news")
    at_time(spool, NOW).settle([again(dispatch, later) for dispatch in claimed])
    at_time(spool, NOW).hold("crm", "HTTP 401", probe_in=later + 1 - NOW)
    found = load_backlog(spool, ["news", "crm", "new"], {"news": WorkerCounters(last_failure="HTTP 503")})
    spool.close()
    assert first.provider == "news"
    assert found == {
        "news": ProviderBacklog(3, later, "HTTP 503", is_held=False),
        "crm": ProviderBacklog(3, later + 1, "HTTP 401", is_held=True),
        "new": ProviderBacklog(0, None, "", is_held=False),
    }


def test_due_already(tmp_path: Path) -> None:
    """A dispatch that is due already waits until now, not until a time in the past."""
    spool = SqliteSpool.open(tmp_path / "spool.db", clock=CLOCK)
    put(spool, *people(1))
    until = load_backlog(spool, ["news"], {})["news"].until
    spool.close()
    assert until is not None
    assert until > NOW + 86_400 * 30


def test_moment() -> None:
    """Times are ISO 8601, in UTC, to the second."""
    assert moment(AT + 0.9) == "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        (Comparison({"suppressed -> ignore": 1200}, "spool.db", is_whole=True), "1,200"),
        (Comparison({}, "spool.db", is_whole=True), "no decision"),
        (Comparison({}, "", is_whole=True), "nothing, there is no spool: all that would be done is different"),
        (Comparison({}, "spool.db", is_whole=False), "the spool, not to the end: stopped"),
    ],
    ids=["different", "the same", "no spool", "stopped"],
)
def test_comparison(comparison: Comparison, expected: str) -> None:
    """A dry run reports what is different, with what it was compared, and whether there was time for all of it."""
    (message, *_) = dict(compared_lines(comparison)).values()
    assert message == expected
    assert ("compared" in comparison.event()) != comparison.is_whole


def test_stop_has_a_time() -> None:
    """The time after a stop can be bounded."""
    stop = ShutdownSignal()
    assert not stop.was_requested_for(0)
    stop.request()
    assert stop.was_requested_for(0)
    assert not stop.was_requested_for(60)

"""Contract of every spool: spikes of hard bounces are detected, held, and released or discarded."""

from datetime import UTC, datetime

import pytest

from bouncehandler.spikes.detector import SpikeSettings
from bouncehandler.spool import BounceFingerprint, QueuedSuppression, Released, Selection, Spool
from bouncehandler.suppression import Suppression
from tests.contract.conftest import OpenSpool
from tests.contract.spool.examples import DAY, NOW, at_time, done, recipients, suppression, take

GMAIL, YAHOO = BounceFingerprint("gmail", "5.1.1 no such user"), BounceFingerprint("yahoo", "5.1.1 no such user")
SETTINGS = SpikeSettings(minimum=20)
START = NOW - 3 * DAY
HOUR = 3600.0


@pytest.fixture
def spool(open_spool: OpenSpool) -> Spool:
    """A spool with a history of two ordinary days."""
    opened = open_spool(spikes=SETTINGS, notices=frozenset({"spike"}))
    ordinary(opened)
    return opened


def bounced(
    name: str, at: float, fingerprint: BounceFingerprint | None = GMAIL, reason: str = "bounce"
) -> QueuedSuppression:
    """A hard bounce of a recipient at some time."""
    when = datetime.fromtimestamp(at, UTC)
    one = suppression(f"{name}@example.com", diagnostic="550 5.1.1 no such user")
    return QueuedSuppression(one._replace(occurred_at=when, reason=reason), ("news",), fingerprint=fingerprint)


def ordinary(spool: Spool) -> None:
    """Two days with a few bounces each hour, and all of them dispatched."""
    for at in range(int(START), int(NOW - DAY), 3600):
        fingerprinter = [GMAIL] * 8 + [YAHOO] * 8
        at_time(spool, at).record([bounced(f"usual{at}.{n}", at, sight) for n, sight in enumerate(fingerprinter)])
        at_time(spool, at).settle([done(one) for one in take(spool, 100, now=at)])


def spike(spool: Spool, count: int = 100, at: float = NOW, name: str = "spike", every: float = 2.0) -> None:
    """One bounce after the other, each in a commit of its own."""
    for n in range(count):
        at_time(spool, at + n * every).record([bounced(f"{name}{n}", at + n * every)])


def held(spool: Spool) -> list[str]:
    """Recipients that are held."""
    return [one.recipient for _, one in spool.on_hold(Selection())]


def test_an_ordinary_day(spool: Spool) -> None:
    """Nothing is held while all is as usual."""
    assert spool.spikes(Selection()) == []
    assert spool.status().dispatches.held == 0


def test_a_spike_is_held(spool: Spool) -> None:
    """Bounces of a spike are held after the first few; other bounces and complaints are not."""
    spike(spool)
    at_time(spool, NOW + 202).record(
        [bounced("other", NOW + 201, YAHOO), bounced("angry", NOW + 202, None, "complaint")]
    )
    found = spool.spikes(Selection())
    assert [(one.mailbox_provider, one.verdict) for one in found] == [("gmail", "")]
    assert found[0].bounces >= SETTINGS.minimum > found[0].expected
    assert found[0].since <= NOW < NOW + 198 < found[0].until <= NOW + 198 + 300
    # Nothing had been called, so those that came before it was noticed are held as well.
    assert found[0].held == 100
    assert recipients(take(spool, 500, now=NOW + 300)) == ["other@example.com", "angry@example.com"]


def test_what_was_called_stays_called(spool: Spool) -> None:
    """Dispatches that were called before are not held."""
    spike(spool, 15)
    called = take(spool, 500, now=NOW + 50)
    assert len(called) == 15
    spike(spool, 50, NOW + 60, "later")
    assert len(held(spool)) == 50


def test_a_spike_in_one_commit(spool: Spool) -> None:
    """A backlog that is fed at once is judged like the live stream, by the time in the records."""
    later = NOW + 5 * DAY
    backlog = [bounced(f"late{n}", NOW + n) for n in range(200)] + [bounced("fine", NOW + 9 * HOUR)]
    at_time(spool, later).record(backlog)
    assert len(held(spool)) == 200
    assert recipients(take(spool, 500, now=later)) == ["fine@example.com"]


def test_a_fault_of_the_sender_at_many_mailbox_providers(spool: Spool) -> None:
    """A new diagnostic at all mailbox providers in one commit is held at the small ones, too."""
    words = "5.1.1 signature did not verify"
    large = [bounced(f"large{n}", NOW, BounceFingerprint("aol", words)) for n in range(600)]
    small = [bounced(f"small{n}", NOW, BounceFingerprint("zoho", words)) for n in range(60)]
    at_time(spool, NOW + 60).record([*large, *small])
    assert [(one.mailbox_provider, one.held) for one in spool.spikes(Selection())] == [("aol", 600), ("zoho", 60)]


def test_it_ends(spool: Spool) -> None:
    """A bounce hours after the spike is like any other again."""
    spike(spool)
    at_time(spool, NOW + 6 * HOUR).record([bounced("after", NOW + 6 * HOUR)])
    assert recipients(take(spool, 500, now=NOW + 7 * HOUR)) == ["after@example.com"]


def test_known_again_after_a_restart(open_spool: OpenSpool) -> None:
    """A spike that one process has noticed is held by the next one, from its first row."""
    spool = open_spool(spikes=SETTINGS)
    ordinary(spool)
    spike(spool, 50)
    spool.close()
    again = open_spool(spikes=SETTINGS)
    spike(again, 1, NOW + 110, "restarted")
    assert "restarted0@example.com" in held(again)
    again.close()


def test_two_processes(open_spool: OpenSpool) -> None:
    """Two processes that record half of a spike each hold it all."""
    one, two = (open_spool(spikes=SETTINGS) for _ in range(2))
    ordinary(one)
    for n in range(60):
        at_time((one, two)[n % 2], NOW + n).record([bounced(f"spike{n}", NOW + n)])
    assert len(held(one)) == len(held(two)) == 60
    one.close()
    two.close()


def test_the_same_rows_twice(spool: Spool) -> None:
    """A file that is fed again makes no spike."""
    rows = [bounced(f"twice{n}", NOW + n) for n in range(15)]
    for _ in range(10):
        at_time(spool, NOW + 100).record(rows)
    assert spool.spikes(Selection()) == []


def test_without_history(open_spool: OpenSpool) -> None:
    """A new installation holds nothing: it has no baseline."""
    spool = open_spool(spikes=SETTINGS)
    spike(spool, 200)
    assert held(spool) == []
    spool.close()


def test_released(spool: Spool) -> None:
    """Released bounces are due, and so is what still comes of the spike, which is part of the baseline now."""
    spike(spool)
    assert at_time(spool, NOW + 300).decide_held(Selection(spike=1), is_released=True, asked_by="eve") == 100
    spike(spool, 30, NOW + 310, "more")
    assert len(take(spool, 500, now=NOW + 400)) == 130
    assert [one.verdict for one in spool.spikes(Selection())] == ["released"]
    assert ("released", "spike 1 at gmail; asked by eve") in events(spool, "spike7@example.com")


def test_discarded(spool: Spool) -> None:
    """Discarded bounces are no suppressions, and what still comes of the spike is held in another."""
    spike(spool)
    assert (
        at_time(spool, NOW + 300).decide_held(Selection(mailbox_provider="gmail"), is_released=False, asked_by="eve")
        == 100
    )
    assert take(spool, 500, now=NOW + 400) == []
    assert [one.recipient for one in spool.suppressions(Selection(match="no such", since=NOW))] == []
    spike(spool, 30, NOW + 310, "more")
    assert [one.verdict for one in spool.spikes(Selection())] == ["discarded", ""]
    assert len(held(spool)) == 30
    at_time(spool, NOW + 400).record([bounced("spike3", NOW + 6)])
    assert take(spool, 500, now=NOW + 500) == []


def test_a_part(spool: Spool) -> None:
    """A part of a spike is selected by recipient and time."""
    spike(spool)
    some = Selection(recipient="spike7@example.com")
    assert at_time(spool, NOW + 300).decide_held(some, is_released=True, asked_by="") == 1
    assert recipients(take(spool, 500, now=NOW + 400)) == ["spike7@example.com"]
    assert at_time(spool, NOW + 300).decide_held(Selection(since=NOW + 100), is_released=False, asked_by="") == 50
    assert len(held(spool)) == 49
    assert spool.spikes(Selection())[0].verdict == ""


def test_initial_delay(open_spool: OpenSpool) -> None:
    """Hard bounces wait for the initial delay, so that a spike is held from its first row; complaints do not."""
    spool = open_spool(spikes=SETTINGS, initial_delay=600)
    ordinary(spool)
    at_time(spool, NOW - HOUR).settle([done(one) for one in take(spool, 1000, now=NOW - HOUR)])
    for n in range(60):
        at_time(spool, NOW + n).record([bounced(f"spike{n}", NOW + n)])
        assert take(spool, 500, now=NOW + n) == []
    assert len(held(spool)) == 60
    at_time(spool, NOW).record([bounced("true", NOW, YAHOO)])
    at_time(spool, NOW + 1).record([bounced("true", NOW, None, "complaint")._replace(suppression=complaint("true"))])
    assert [one.suppression.reason for one in take(spool, 9, now=NOW + 2)] == ["complaint"]
    spool.close()


def complaint(name: str) -> Suppression:
    """A complaint of one recipient."""
    return suppression(f"{name}@example.com", 77)._replace(reason="complaint")


def test_a_provider_that_is_added_meanwhile(spool: Spool) -> None:
    """Held bounces wait for a provider that is added meanwhile, too."""
    spike(spool)
    again = bounced("spike7", NOW + 14)._replace(providers=("news", "crm"))
    at_time(spool, NOW + 300).record([again])
    assert take(spool, provider="crm", now=NOW + 400) == []
    at_time(spool, NOW + 500).decide_held(Selection(spike=1), is_released=True, asked_by="")
    assert recipients(take(spool, provider="crm", now=NOW + 600)) == ["spike7@example.com"]


def test_undo_withdraws_what_is_held(spool: Spool) -> None:
    """Undoing withdraws held bounces without a call."""
    spike(spool)
    undone = list(at_time(spool, NOW + 300).undo(Selection(recipient="spike7@example.com"), restoring=(), asked_by=""))
    assert [one.what for one in undone] == ["withdrawn"]
    assert "spike7@example.com" not in held(spool)


def test_the_postmaster_is_notified(spool: Spool) -> None:
    """A spike makes a notice when it is detected, and again as long as it holds something."""
    spike(spool)
    assert spool.status().notices == 1
    assert at_time(spool, NOW + HOUR).remind(2 * HOUR) == 0
    assert at_time(spool, NOW + DAY).remind(DAY - HOUR) == 1
    at_time(spool, NOW + DAY).decide_held(Selection(), is_released=True, asked_by="")
    assert at_time(spool, NOW + 3 * DAY).remind(DAY) == 0
    post = at_time(spool, NOW + DAY).claim_notices(every=1, lease_for=60)
    assert post
    results = spool.notices(post, after=0, limit=10)
    assert [one.about["mailbox_provider"] for one in results] == ["gmail", "gmail"]
    assert results[1].about["held"] == "100"


def test_the_tallies_are_pruned(spool: Spool) -> None:
    """Counts too old for the baseline are removed."""
    assert spool.prune_spikes() == 0
    at_time(spool, NOW + 60 * DAY).record([bounced("later", NOW + 60 * DAY)])
    assert spool.prune_spikes() == 3 * 48
    spike(spool, 200, NOW + 61 * DAY)
    assert held(spool) == []


def events(spool: Spool, subject: str) -> list[tuple[str, str]]:
    """The history of a subject."""
    return [(one.event, one.detail) for one in spool.history(subject)]


def test_what_has_begun_is_not_held(spool: Spool) -> None:
    """A call that was released after it had changed a list is finished, not held: discarded, it would be half done."""
    spike(spool, 10)
    (begun,) = take(spool, 1, now=NOW + 30)
    at_time(spool, NOW + 30).settle([Released(begun, changed=("7",))])
    spike(spool, 100, at=NOW + 40, name="rest")
    assert len(held(spool)) > 100
    assert begun.suppression.recipient not in held(spool)

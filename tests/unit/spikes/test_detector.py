"""Mailbox providers, diagnostic fingerprints, and the detection of spikes."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncehandler.spikes.baseline import LAGS, Series, fit
from bouncehandler.spikes.detector import SLOT_SECONDS, SlotCount, SpikeSettings, build_baseline, find_spikes
from bouncehandler.spikes.fingerprint import normalize_diagnostic
from bouncehandler.spikes.mailbox_providers import MailboxProviders

SETTINGS = SpikeSettings()
DAY = 86_400 // SLOT_SECONDS


@pytest.mark.parametrize(
    ("recipient", "host", "name"),
    [
        ("jane@gmail.com", "", "gmail"),
        ("jane@googlemail.com", "gmail-smtp-in.l.google.com (1.2.3.4)", "gmail"),
        ("jane@hotmail.co.uk", "", "microsoft"),
        ("jane@outlook.de", "outlook-com.olc.protection.outlook.com (1.2.3.4)", "microsoft"),
        ("jane@yahoo.co.jp", "", "yahoo"),
        ("jane@aol.com", "", "yahoo"),
        ("jane@company.example", "aspmx.l.google.com (1.2.3.4)", "google-workspace"),
        ("jane@company.example", "company-example.mail.protection.outlook.com (1.2.3.4)", "microsoft-365"),
        ("jane@company.example", "mx1-us1.ppe-hosted.com", "proofpoint"),
        ("jane@company.example", "mail.company.example (1.2.3.4)", "company.example"),
        ("jane@live.company.example", "", "live.company.example"),
        ("jane@xn--bcher-kva.example", "", "xn--bcher-kva.example"),
        ("no-domain", "", "no-domain"),
    ],
)
def test_mailbox_providers(recipient: str, host: str, name: str) -> None:
    """A mailbox provider is found by the domain, else by the server that answered, else it is the domain itself."""
    assert MailboxProviders().of(recipient, host) == name


def test_own_mailbox_providers() -> None:
    """A site's patterns are domains and hosts."""
    own = MailboxProviders({"ours": ["example.com", "*.mx.example.net"]})
    assert own.of("jane@example.com", "") == "ours"
    assert own.of("jane@company.example", "a.mx.example.net (1.2.3.4)") == "ours"


@pytest.mark.parametrize(
    "texts",
    [
        (
            "smtp;550-5.1.1 The email account that you tried to reach does not exist. Please try x1si12.3 - gsmtp",
            "smtp;550-5.1.1 The email account that you tried to reach does not exist. Please try q7-20020a5d.4 - gsmtp",
        ),
        (
            "smtp;550 5.1.1 <jane@example.com>: Recipient address rejected: User unknown in virtual mailbox table",
            "smtp;550 5.1.1 <john.d@a.example.org>: Recipient address rejected: User unknown in virtual mailbox table",
        ),
        ("smtp;550 User unknown: jane@example.com", "smtp;550 User unknown: bob@example.org"),
    ],
)
def test_the_same_reason_has_the_same_fingerprint(texts: tuple[str, str]) -> None:
    """Addresses, hosts and ids are no part of a fingerprint."""
    assert normalize_diagnostic("5.1.1", texts[0]) == normalize_diagnostic("5.1.1", texts[1])
    assert normalize_diagnostic("5.1.1", texts[0]) != normalize_diagnostic("5.2.1", texts[0])


@given(st.text(max_size=500), st.emails())
def test_a_fingerprint_is_short_and_has_no_address(text: str, address: str) -> None:
    """A fingerprint of any text is short, without addresses."""
    found = normalize_diagnostic("5.1.1", f"550 <{address}> {text} {address}")
    assert len(found) <= 80
    assert address.lower() not in found
    assert "@" not in found


def history(own: int, everywhere: int, days: int = 7) -> tuple[list[SlotCount], list[SlotCount]]:
    """History of so many bounces an hour at a provider, and everywhere."""
    slots = range(0, days * DAY, 12)
    return [SlotCount(slot, "usual", own, 0) for slot in slots], [SlotCount(slot, "", everywhere, 0) for slot in slots]


def now(own: dict[str, int], everywhere: int) -> tuple[list[SlotCount], list[SlotCount], int]:
    """Counts of this slot, by fingerprint, and everywhere."""
    slot = 7 * DAY
    return [SlotCount(slot, name, count, 0) for name, count in own.items()], [SlotCount(slot, "", everywhere, 0)], slot


def judged(usually: tuple[int, int], own: dict[str, int], everywhere: int) -> set[str]:
    """Fingerprints that are a spike."""
    known = build_baseline(*history(*usually), SETTINGS)
    return set(find_spikes(known, *now(own, everywhere), SETTINGS))


def test_many_at_one_mailbox_provider_alone() -> None:
    """A rise at one mailbox provider and nowhere else is a spike."""
    assert judged((20, 60), {"usual": 200}, 220) == {"usual"}


def test_many_everywhere() -> None:
    """A campaign to an old list is no spike."""
    assert judged((20, 60), {"usual": 800}, 2400) == set()


def test_few() -> None:
    """Below the least number nothing is a spike."""
    assert judged((1, 60), {"usual": SETTINGS.minimum - 1}, SETTINGS.minimum) == set()


def test_a_diagnostic_never_seen_before() -> None:
    """The sender's own fault shows at several providers at once, with words that are new there."""
    assert judged((20, 60), {"usual": 60, "dkim": 300}, 1100) == {"dkim"}


def test_the_history_explains_its_like() -> None:
    """A site that mails to one provider's recipients alone on some days is explained by its history."""
    own, everywhere = history(20, 60)
    own += [SlotCount(slot, "usual", 500, 0) for slot in range(3 * DAY, 3 * DAY + 3)]
    everywhere += [SlotCount(slot, "", 510, 0) for slot in range(3 * DAY, 3 * DAY + 3)]
    assert find_spikes(build_baseline(own, everywhere, SETTINGS), *now({"usual": 200}, 220), SETTINGS) == {}


def test_what_was_held_is_no_history() -> None:
    """A spike does not excuse the next one."""
    own, everywhere = history(20, 60)
    own += [SlotCount(3 * DAY, "usual", 500, 500)]
    everywhere += [SlotCount(3 * DAY, "", 510, 500)]
    assert set(find_spikes(build_baseline(own, everywhere, SETTINGS), *now({"usual": 200}, 220), SETTINGS)) == {"usual"}


def test_too_little_history() -> None:
    """With less than a day, or with few bounces, there is no baseline."""
    for own, everywhere in (history(100, 300, days=0), history(0, 1, days=7)):
        assert find_spikes(build_baseline(own, everywhere, SETTINGS), *now({"usual": 5000}, 5000), SETTINGS) == {}


def campaigns(days: int, *, lag: int) -> tuple[list[SlotCount], list[SlotCount]]:
    """Each day a campaign at 10 o'clock that bounces elsewhere for an hour, and here only `lag` slots later."""
    own, everywhere = [], []
    for day in range(days):
        for minute in range(12):
            start = day * DAY + 120 + minute
            own.append(SlotCount(start + lag, "usual", 5, 0))
            everywhere += [SlotCount(start, "", 40, 0), SlotCount(start + lag, "", 5, 0)]
    return own, everywhere


def latest(
    own: list[SlotCount], everywhere: list[SlotCount], slot: int
) -> tuple[list[SlotCount], list[SlotCount], int]:
    """Arguments of `find_spikes` for a slot."""
    near = range(slot - SETTINGS.looks_back, slot + 1)
    return [one for one in own if one.slot in near], [one for one in everywhere if one.slot in near], slot


@pytest.mark.parametrize("lag", [12, 36])
def test_a_provider_that_is_later_than_the_others(lag: int) -> None:
    """Bounces some hours after those elsewhere are expected; the same without anything before is a spike."""
    own, everywhere = campaigns(8, lag=lag)
    known = build_baseline(*campaigns(7, lag=lag), SETTINGS)
    slot = 7 * DAY + 120 + lag + 11
    assert find_spikes(known, *latest(own, everywhere, slot), SETTINGS) == {}
    alone = [one for one in everywhere if one.slot >= 7 * DAY + 120 + lag or one.slot < 7 * DAY]
    assert set(find_spikes(known, *latest(own, alone, slot), SETTINGS)) == {"usual"}


def test_what_is_held_elsewhere_explains_nothing() -> None:
    """A fault of the sender shows at many providers; the first that is held does not hide the others."""
    known = build_baseline(*history(20, 60), SETTINGS)
    slot = 7 * DAY
    own = [SlotCount(slot, "dkim", 100, 0)]
    assert find_spikes(known, own, [SlotCount(slot, "", 700, 0)], slot, SETTINGS) == {}
    assert set(find_spikes(known, own, [SlotCount(slot, "", 700, 580)], slot, SETTINGS)) == {"dkim"}


def test_a_spike_goes_on_as_long_as_there_are_more_than_usual() -> None:
    """A spike is detected by many bounces, and goes on with fewer."""
    known = build_baseline(*history(20, 60), SETTINGS)
    few = now({"usual": 15}, 20)
    assert find_spikes(known, *few, SETTINGS) == {}
    assert set(find_spikes(known, *few, SETTINGS, {"usual"})) == {"usual"}
    assert find_spikes(known, *now({"usual": 15}, 75), SETTINGS, {"usual"}) == {}


@given(st.lists(st.tuples(st.integers(0, 2 * DAY), st.integers(0, 500), st.integers(0, 500)), max_size=60))
def test_any_history_can_be_judged(counts: list[tuple[int, int, int]]) -> None:
    """Any history gives finite numbers."""
    own = [SlotCount(slot, "usual", mine, 0) for slot, mine, _ in counts]
    everywhere = [SlotCount(slot, "", mine + others, 0) for slot, mine, others in counts]
    for spike in find_spikes(
        build_baseline(own, everywhere, SETTINGS), *latest(own, everywhere, 2 * DAY), SETTINGS
    ).values():
        assert spike.bounces > spike.expected >= 0


@given(st.lists(st.integers(0, 30), min_size=DAY, max_size=DAY))
def test_the_weights_explain_better_than_any_others_near(counts: list[int]) -> None:
    """The weights are the least squares: each weight changed a little, up or down, fits worse."""
    rest = Series(dict(enumerate(counts)), 0, DAY - 1)
    own = Series({slot: counts[slot - 12] // 2 if slot >= 12 else 0 for slot in range(DAY)}, 0, DAY - 1)
    weights = fit(own, rest)
    mine, others = own.windows(12), rest.windows(12)

    def wrong(weights: Sequence[float]) -> float:
        total = sum(weight**2 for weight in weights) * 0.001
        for end in range(72, DAY, 3):
            row = [others[end - lag] for lag in LAGS]
            apart = mine[end] - sum(weight * value for weight, value in zip(weights, row, strict=True))
            total += apart**2 / (row[0] + 3)
        return total

    best = wrong(weights)
    for place in range(len(LAGS)):
        for step in (-0.2, 0.2):
            changed = [weight + step * (place == number) for number, weight in enumerate(weights)]
            assert wrong(changed) >= best * 0.99

"""The policy has a verdict on everything, and an operator finds its rule in the configuration."""

import tomllib
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bouncehandler.policy import DEFAULT_BOUNCE, Action, Count, Ignore, Policy, Suppress, Threshold
from bouncehandler.record import Address, Bounce, DsnStatus, parse_status
from tests.examples import many

CONFIGURATION = Path(__file__).parents[2] / "config" / "bouncehandler.toml"

MANY = settings(max_examples=many(100), deadline=None)
TEXTS = st.text(max_size=40) | st.sampled_from(["recipient is in suppression list", "smtp;550 5.1.1 unknown", ""])
CATEGORIES = st.sampled_from([*DEFAULT_BOUNCE, "", "*", "custom"]) | st.text(max_size=20)
STATUSES = st.none() | st.builds(DsnStatus, st.sampled_from([2, 4, 5]), st.integers(0, 999), st.integers(0, 999))
BOUNCES = st.builds(
    Bounce,
    st.sampled_from(["b", "rb"]),
    st.just(Address("ann@example.net")),
    category=CATEGORIES,
    status=STATUSES,
    status_text=TEXTS,
    diagnostic=TEXTS,
)
PERIODS = st.integers(1, 10**9).map(lambda milliseconds: timedelta(milliseconds=milliseconds))
THRESHOLDS = st.builds(Threshold, st.integers(1, 99), PERIODS)
SUPPRESS: Action = "suppress"
IGNORE: Action = "ignore"
ACTIONS = st.just(SUPPRESS) | st.just(IGNORE) | THRESHOLDS
PARTS = st.integers(0, 999).map(str) | st.just("x")
PATTERNS = st.tuples(st.sampled_from(["2", "4", "5", "x"]), PARTS, PARTS).map(".".join)
POLICIES = st.tuples(
    st.dictionaries(CATEGORIES.filter(lambda name: name.isprintable()), ACTIONS, max_size=8),
    st.dictionaries(PATTERNS, ACTIONS, max_size=4),
    st.sampled_from(["suppress", "ignore"]),
)


@MANY
@given(BOUNCES)
def test_every_default_verdict_has_a_rule_that_stands_in_the_shipped_configuration(bounce: Bounce) -> None:
    """Any category, status and text gives a verdict, and its rule is what `config/bouncehandler.toml` states."""
    verdict = Policy().decide(bounce)
    shipped = tomllib.loads(CONFIGURATION.read_text(encoding="utf-8"))
    assert _yields(shipped, verdict.rule)
    assert isinstance(verdict, Suppress | Count | Ignore)


@MANY
@given(BOUNCES, POLICIES)
def test_every_verdict_has_a_rule_that_stands_in_the_configuration(bounce: Bounce, rules: tuple[object, ...]) -> None:
    """Any rules of a site give verdicts with rules that stand in the configuration."""
    categories, statuses, hit = rules
    policy = Policy(categories, statuses, hit)  # type: ignore[arg-type]  # as drawn
    verdict = policy.decide(bounce)
    words = tomllib.loads(verdict.rule) if "is not set" not in verdict.rule else {}
    kinds = {'"suppress"': Suppress, '"ignore"': Ignore}
    assert type(verdict) is kinds.get(verdict.rule.rpartition(" = ")[2], Ignore if not words else Count)
    assert not words or set(words) == {"policy"}


@MANY
@given(BOUNCES)
def test_nothing_but_a_hard_category_suppresses(bounce: Bounce) -> None:
    """With the defaults a recipient is suppressed for three categories only, and never by 4.x.x or 5.7.x."""
    if isinstance(Policy().decide(bounce), Suppress):
        assert bounce.category in {"bad-mailbox", "bad-domain", "inactive-mailbox"}
        assert bounce.status is None or (bounce.status.klass != 4 and bounce.status[:2] != (5, 7))
        assert "in suppression list" not in bounce.diagnostic + bounce.status_text


@MANY
@given(st.lists(BOUNCES, max_size=20), POLICIES)
def test_a_verdict_does_not_depend_on_what_came_before(bounces: list[Bounce], rules: tuple[object, ...]) -> None:
    """The policy's cache changes no verdict, and every record of a settled category gets the category's verdict."""
    categories, statuses, hit = rules
    policy = Policy(categories, statuses, hit)  # type: ignore[arg-type]  # as drawn
    for bounce in bounces:
        verdict = policy.decide(bounce)
        assert verdict == Policy(categories, statuses, hit).decide(bounce)  # type: ignore[arg-type]  # as drawn
        assert not policy.is_settled(bounce.category) or verdict == policy.of_category(bounce.category)


@MANY
@given(st.text(max_size=60))
def test_any_text_is_a_status_or_none(text: str) -> None:
    """A status that was read can be written and read again."""
    status = parse_status(text)
    assert status is None or parse_status(str(status)) == status


def _yields(shipped: dict[str, object], rule: str) -> bool:
    """Whether the rule, which is TOML, is a part of the shipped configuration."""
    return _holds(shipped, tomllib.loads(rule))


def _holds(found: object, wanted: object) -> bool:
    if isinstance(found, dict) and isinstance(wanted, dict):
        return all(name in found and _holds(found[name], value) for name, value in wanted.items())
    return found == wanted

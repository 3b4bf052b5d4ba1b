"""Rules over status, text, host and time, one at a time; and what a policy makes of them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncehandler.policy import Count, Ignore, Policy, Suppress
from bouncehandler.policy.classification import Rule, Rules
from bouncehandler.policy.patterns import without_addresses
from bouncehandler.record import Address, Bounce, parse_status
from bouncehandler.settings.classification_rules import read_rules

AT = datetime(2020, 12, 14, 23, tzinfo=UTC)


def bounce(diagnostic: str = "550 no such user", category: str = "bad-mailbox") -> Bounce:
    """A hard bounce at example.com."""
    plain = Bounce("b", Address("jane@example.com"), AT, category=category, diagnostic=diagnostic)
    return plain._replace(status=parse_status("5.1.1"), remote_mta="mx.example.com (192.0.2.7)")


def rule(name: str = "one", **fields: object) -> Rule:
    """A rule that decides on `other`."""
    return Rule(name=name, becomes="other", **fields)  # type: ignore[arg-type]  # the test's own


def fits(one: Rule, record: Bounce | None = None) -> bool:
    """Whether a rule fits a bounce."""
    return Rules([one]).refine(record or bounce()) is not None


@pytest.mark.parametrize(
    ("text", "diagnostic", "expected"),
    [
        ("block list", "550 you are on our Block-List", True),
        ("block list", "550 you are on our blocklist", False),
        ("exceed* quota", "552 user exceeded   the\r\n quota", True),
        ("exceed* quota", "552 quota exceeded", False),
        ("mailbox * full", "552 mailbox of jane is full", True),
        ("spam", "550 we like spaminess", False),
        ("voll", "552 Postfach ist VOLL.", True),
        ("accès refusé", "550 ACCÈS refusé", True),
        ("no such", "550 no  such", True),
    ],
)
def test_text(text: str, diagnostic: str, expected: bool) -> None:  # noqa: FBT001  # a column of the table
    """Whole words in order, without regard to case and to what stands between them; `*` is any text."""
    assert fits(rule(text=(text,)), bounce(diagnostic)) is expected


def test_only_the_beginning_is_looked_at() -> None:
    """A diagnostic is hostile text of any length."""
    assert fits(rule(text=("needle",)), bounce("x " * 500 + "needle"))
    assert not fits(rule(text=("needle",)), bounce("x " * 2000 + "needle"))


@pytest.mark.parametrize(("status", "expected"), [("5.1.1", True), ("5.x.x", True), ("4.x.x", False), ("x.1.x", True)])
def test_status(status: str, expected: bool) -> None:  # noqa: FBT001  # a column of the table
    """`x` is any number; a bounce without a status fits no rule that asks for one."""
    assert fits(rule(status=(status,))) is expected
    assert not fits(rule(status=(status,)), bounce()._replace(status=None))


@pytest.mark.parametrize(("status", "expected"), [("5.1.1", False), ("5.1.x", False), ("5.7.x", True)])
def test_not_status(status: str, expected: bool) -> None:  # noqa: FBT001  # a column of the table
    """`not_status` excludes those statuses; a bounce without a status has none of them."""
    assert fits(rule(not_status=(status,))) is expected
    assert fits(rule(not_status=(status,)), bounce()._replace(status=None))


@pytest.mark.parametrize(
    ("diagnostic", "left"),
    [
        ("550 <spam@example.net>: unknown", "550 < >: unknown"),
        ("spam@relay.example", " "),
        ("a.b+c@x.example, d_e@y.example spam", " ,   spam"),
        ("https://spamhaus.example/q?a=jane@example.com", "https://spamhaus.example/q?a= "),
        ("x@@y", "  "),
        ("550 spam @ noon", "550 spam   noon"),
        ("no address", "no address"),
        ("", ""),
    ],
)
def test_addresses_are_names(diagnostic: str, left: str) -> None:
    """Words within an address match no rule; words before it in a link do."""
    assert without_addresses(diagnostic) == left


def test_what_is_remembered_is_the_text_alone() -> None:
    """The same text of another recipient, host, status or time is judged anew."""
    rules = Rules([rule(text=("no such user",), host=("*.example.com",), status=("5.1.x",), ends=AT)])
    before = bounce()._replace(logged_at=AT.replace(hour=22))
    assert rules.refine(before)
    assert not rules.refine(before._replace(remote_mta="mx.example.net", recipient=Address("jane@example.net")))
    assert not rules.refine(before._replace(status=parse_status("5.2.1")))
    assert not rules.refine(bounce())
    assert rules.refine(before)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("example.com", True),
        ("*.example.com", True),
        ("mx.example.com", True),
        ("example.*", True),
        ("ample.com", False),
    ],
)
def test_host(host: str, expected: bool) -> None:  # noqa: FBT001  # a column of the table
    """`host` matches the recipient's domain, or the server that answered."""
    assert fits(rule(host=(host,))) is expected


def test_time() -> None:
    """The window of an incident goes by the record's own time; a bounce without one matches none."""
    before, after = datetime(2020, 12, 14, 22, tzinfo=UTC), datetime(2020, 12, 15, tzinfo=UTC)
    incident = rule(text=("no such",), begins=before, ends=after)
    assert fits(incident)
    assert not fits(incident, bounce()._replace(logged_at=after))
    assert not fits(incident, bounce()._replace(logged_at=None))


def test_the_first_that_fits() -> None:
    """Rules are asked in their order; `not_text` takes one out."""
    rules = Rules([rule("never", text=("such",), not_text=("user",)), rule("first", text=("user",)), rule("second")])
    refined = rules.refine(bounce())
    assert refined
    assert refined.rule == "first"


def test_the_policy_decides_by_what_a_rule_states() -> None:
    """The verdict names both rules; a category that is ignored is only looked at by rules that name it."""
    strange = ("unheard-of",)
    named = rule(category=strange, text=("no such",))
    hard = Rule(name="hard", becomes="bad-mailbox", category=strange, text=("gone",))
    rules = [rule("soft", text=("no such",), status=("5.1.1",)), hard]
    policy = Policy(rules=lambda matters: Rules([*rules, named], matters))
    assert policy.decide(bounce()) == Ignore('policy.bounce.other = "ignore", by soft')
    assert isinstance(policy.decide(bounce("550 unknown")), Suppress)
    assert policy.decide(bounce("550 gone", "unheard-of")) == Suppress(
        'policy.bounce.bad-mailbox = "suppress", by hard'
    )
    assert not policy.is_settled("unheard-of")
    assert policy.is_settled("spam-related")


def test_a_hit_of_powermtas_own_list() -> None:
    """A hit of PowerMTA's own list has a setting of its own, before all rules."""
    rules = Rules([rule(text=("suppression list",))])
    for action, verdict in (("suppress", Suppress), ("ignore", Ignore)):
        policy = Policy(suppression_list_hit=action, rules=lambda _: rules)  # type: ignore[arg-type]  # one of two words
        assert isinstance(policy.decide(bounce("550 5.7.1 recipient is in suppression list")), verdict)


def test_what_ships_is_never_harder() -> None:
    """No shipped rule makes a bounce suppress that PowerMTA's category would not."""
    policy = Policy()
    for one in read_rules().rules:
        assert not isinstance(policy.of_category(one.becomes), Suppress), one.name
        assert one.why


@given(st.text(max_size=5000), st.text(max_size=300), st.sampled_from(["bad-mailbox", "quota-issues", "x", ""]))
def test_anything_at_all(diagnostic: str, host: str, category: str) -> None:
    """Hostile text raises nothing, and the verdict always has a rule."""
    rules = read_rules().rules
    policy = Policy(rules=lambda matters: Rules(rules, matters))
    verdict = policy.decide(bounce(diagnostic, category)._replace(remote_mta=host))
    assert isinstance(verdict, Suppress | Count | Ignore)
    assert verdict.rule

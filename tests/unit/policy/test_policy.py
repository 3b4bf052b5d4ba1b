"""Verdicts on records, by the defaults and by a site's own rules, each with its rule."""

from datetime import UTC, datetime, timedelta

import pytest

from bouncehandler.policy import DEFAULT_BOUNCE, Action, Count, Ignore, Policy, Suppress, Threshold, Verdict
from bouncehandler.record import Address, Bounce, Complaint, ListedAddress, ListUnsubscribe, parse_status

SOFT = 'suppress_after = 3, within = "21d"'
SOFTER = 'suppress_after = 4, within = "21d"'
LIST_HIT = "5.7.1 (delivery not authorized: recipient is in suppression list)"


def bounce(
    category: str = "bad-mailbox", status: str = "5.1.1 (bad destination mailbox address)", diagnostic: str = ""
) -> Bounce:
    """A bounce as the reader makes it."""
    return Bounce(
        "b",
        Address("ann@example.net"),
        category=category,
        status=parse_status(status),
        status_text=status,
        diagnostic=diagnostic,
    )


@pytest.mark.parametrize("category", ["bad-mailbox", "bad-domain", "inactive-mailbox"])
def test_suppresses_hard_categories_at_once(category: str) -> None:
    """Hard categories suppress at once, as in every public mapping."""
    assert Policy().decide(bounce(category)) == Suppress(f'policy.bounce.{category} = "suppress"')


@pytest.mark.parametrize(
    ("category", "after"),
    [("quota-issues", 3), ("no-answer-from-host", 3), ("routing-errors", 4), ("relaying-issues", 4)],
)
def test_counts_soft_categories(category: str, after: int) -> None:
    """Soft categories suppress after so many bounces within 21 days."""
    rule = f'policy.bounce.{category} = {{ suppress_after = {after}, within = "21d" }}'
    assert Policy().decide(bounce(category)) == Count(rule, Threshold(after, timedelta(days=21)))


@pytest.mark.parametrize(
    "category",
    [
        *("spam-related", "policy-related", "content-related", "virus-related"),
        *("invalid-sender", "bad-configuration", "protocol-errors", "bad-connection", "message-expired", "other"),
    ],
)
def test_ignores_what_is_our_fault_or_no_fault(category: str) -> None:
    """A block of the sender is no reason against the recipient, whatever the status."""
    for status in ("5.1.1", "5.7.1", "4.0.0", ""):
        assert Policy().decide(bounce(category, status)) == Ignore(f'policy.bounce.{category} = "ignore"')


@pytest.mark.parametrize("category", ["", "custom", "BAD-MAILBOX", "bad-mailbox ", "success", "*", "bad-mailbox2"])
def test_ignores_categories_that_are_not_named(category: str) -> None:
    """PowerMTA's categories are an open set; unnamed ones are ignored by the rule for all others."""
    assert Policy().decide(bounce(category)) == Ignore('policy.bounce."*" = "ignore"')


def test_knows_all_categories_of_powermta() -> None:
    """The 17 categories of PowerMTA have a rule each, beside the one for others."""
    assert len(DEFAULT_BOUNCE) == 18


@pytest.mark.parametrize("status", ["4.0.0", "4.2.2 (mailbox full)", "4.7.1", "4.999.999"])
@pytest.mark.parametrize("category", ["bad-mailbox", "bad-domain", "inactive-mailbox"])
def test_a_temporary_status_makes_a_hard_category_soft(category: str, status: str) -> None:
    """PowerMTA's default patterns accept 4.x and 5.x alike, so the category does not decide."""
    assert Policy().decide(bounce(category, status)) == Count(
        f'policy.status."4.x.x" = {{ {SOFT} }}', Threshold(3, timedelta(days=21))
    )


@pytest.mark.parametrize("status", ["5.7.0", "5.7.1 (delivery not authorized)", "5.7.509"])
def test_a_policy_status_saves_the_recipient(status: str) -> None:
    """5.7.x is about policy and authentication, not the mailbox (RFC 3463 3.8)."""
    assert Policy().decide(bounce(status=status)) == Ignore('policy.status."5.7.x" = "ignore"')


@pytest.mark.parametrize("status", ["", "5.1.1", "5.0.0", "5.70.1", "5.17.7", "2.0.0", "no status"])
def test_any_other_status_leaves_it_at_the_category(status: str) -> None:
    """A status that is neither temporary nor about policy does not soften a hard category."""
    assert Policy().decide(bounce(status=status)) == Suppress('policy.bounce.bad-mailbox = "suppress"')


@pytest.mark.parametrize("status", ["4.4.1", "5.7.1", "5.1.1", ""])
def test_a_status_never_hardens_a_category(status: str) -> None:
    """A status can save a recipient, and never suppress one."""
    policy = Policy(status={"5.x.x": "suppress", "4.x.x": "suppress"})
    assert not isinstance(policy.decide(bounce("quota-issues", status)), Suppress)
    assert isinstance(policy.decide(bounce("bad-mailbox", status)), Suppress)


def test_the_more_particular_status_goes_first() -> None:
    """`5.7.1` before `5.7.x` before `5.x.x`, in whatever order they were written."""
    policy = Policy(status={"5.x.x": "ignore", "5.7.x": Threshold(2, timedelta(days=7)), "5.7.1": "suppress"})
    assert isinstance(policy.decide(bounce(status="5.7.1")), Suppress)
    assert policy.decide(bounce(status="5.7.2")).rule == 'policy.status."5.7.x" = { suppress_after = 2, within = "7d" }'
    assert policy.decide(bounce(status="5.1.1")).rule == 'policy.status."5.x.x" = "ignore"'


@pytest.mark.parametrize(
    ("status", "diagnostic"),
    [
        (LIST_HIT, ""),
        ("5.7.1", "smtp;550 5.7.1 recipient is in suppression list"),
        ("5.1.1", "Recipient Is In Suppression List"),
        ("5.1.1", "smtp;550 address on suppression list"),
        ("5.0.0 (RECIPIENT is in Suppression List)", ""),
    ],
)
def test_powermtas_own_suppression_list_is_ignored(status: str, diagnostic: str) -> None:
    """A refusal by PowerMTA's own suppression list is ignored, since no server was asked."""
    assert Policy().decide(bounce(status=status, diagnostic=diagnostic)) == Ignore(
        'policy.suppression_list_hit = "ignore"'
    )


@pytest.mark.parametrize("category", ["bad-mailbox", "policy-related", "quota-issues", "other", "custom", ""])
def test_powermtas_own_suppression_list_can_be_passed_on(category: str) -> None:
    """A site that keeps such a list has its list managers learn it, whatever category PowerMTA gave the refusal."""
    policy = Policy(suppression_list_hit="suppress")
    assert policy.decide(bounce(category, LIST_HIT)) == Suppress('policy.suppression_list_hit = "suppress"')
    assert policy.decide(bounce(category)) == Policy().decide(bounce(category))


def test_no_category_is_settled_while_list_hits_are_passed_on() -> None:
    """Rows may be ignored unread only where nothing else that they hold matters."""
    passes_on = Policy(suppression_list_hit="suppress")
    assert not passes_on.is_settled("other")
    assert Policy().is_settled("other")
    assert Policy().is_settled("custom")
    assert not Policy().is_settled("bad-mailbox")


def test_settled_are_the_named_categories_that_are_ignored() -> None:
    """The reader may tally these; the rule for all others is no category."""
    settled = {name for name in DEFAULT_BOUNCE if Policy().is_settled(name)}
    assert len(settled - {"*"}) == 10
    assert not {"bad-mailbox", "bad-domain", "inactive-mailbox"} & settled


def test_an_address_fed_by_hand_always_suppresses() -> None:
    """An address fed by hand is suppressed, whatever the rules for bounces."""
    policy = Policy(bounce={"*": "ignore"}, status={"x.x.x": "ignore"})
    assert isinstance(policy.decide(ListedAddress(Address("ann@example.net"))), Suppress)


def test_a_site_has_categories_and_rules_of_its_own() -> None:
    """Any category can be named, and the rule for all others can be any."""
    policy = Policy(bounce={"blocked at work": "suppress", 'say "no"': "ignore", "*": "suppress"}, status={})
    assert policy.decide(bounce("blocked at work")) == Suppress('policy.bounce."blocked at work" = "suppress"')
    assert policy.decide(bounce('say "no"')) == Ignore('policy.bounce."say \\"no\\"" = "ignore"')
    assert policy.decide(bounce("anything", "4.0.0")) == Suppress('policy.bounce."*" = "suppress"')


def test_without_a_rule_for_all_others_they_are_ignored() -> None:
    """The rule of the verdict is that none is set."""
    assert Policy(bounce={}).decide(bounce()) == Ignore('policy.bounce."*" is not set')


@pytest.mark.parametrize(
    ("within", "text"),
    [
        (timedelta(days=21), "21d"),
        (timedelta(hours=36), "36h"),
        (timedelta(minutes=90), "90m"),
        (timedelta(seconds=90), "90s"),
        (timedelta(milliseconds=1500), "1500ms"),
    ],
)
def test_writes_durations_as_the_configuration_does(within: timedelta, text: str) -> None:
    """An operator finds the rule by its words."""
    rule = Policy(bounce={"bad-mailbox": Threshold(2, within)}).decide(bounce()).rule
    assert rule == f'policy.bounce.bad-mailbox = {{ suppress_after = 2, within = "{text}" }}'


def test_decides_alike_however_many_records_came_before() -> None:
    """The cache of categories and statuses is bounded, and changes no verdict."""
    policy, fresh = Policy(), Policy()
    verdicts: list[Verdict] = []
    for number in range(6000):
        record = bounce(status=f"{4 + number % 2}.{number // 1000}.{number % 1000}")
        verdicts.append(policy.decide(record))
    again = [policy.decide(bounce(status=f"{4 + n % 2}.{n // 1000}.{n % 1000}")) for n in range(6000)]
    assert again == verdicts
    assert verdicts[0] == fresh.decide(bounce(status="4.0.0"))


def test_a_list_hit_is_seen_behind_a_remembered_verdict() -> None:
    """The verdict on a category and status does not hide the diagnostic."""
    policy = Policy()
    assert isinstance(policy.decide(bounce()), Suppress)
    assert isinstance(policy.decide(bounce(diagnostic="recipient is in suppression list")), Ignore)
    assert isinstance(policy.decide(bounce()), Suppress)


def test_the_defaults_can_not_be_changed() -> None:
    """One site's rules are no other's."""
    with pytest.raises(TypeError):
        DEFAULT_BOUNCE["bad-mailbox"] = "ignore"  # type: ignore[index]  # the attempt is the test


ACTIONS: list[Action] = ["suppress", "ignore", Threshold(1, timedelta(days=1))]


@pytest.mark.parametrize("action", ACTIONS, ids=str)
def test_only_what_is_ignored_is_settled(action: Action) -> None:
    """`of_category` speaks for all records of a settled category."""
    policy = Policy(bounce={"x": action})
    assert policy.is_settled("x") == (action == "ignore")
    assert not policy.is_settled("x") or policy.decide(bounce("x", "4.0.0")) == policy.of_category("x")


def test_whether_anything_counts() -> None:
    """Deliveries matter only where a rule counts soft bounces."""
    assert Policy().counts
    assert Policy(bounce={"x": "suppress"}).counts, "a temporary status counts"
    assert not Policy(bounce={"x": "suppress"}, status={}).counts


def test_a_list_hit_does_not_count() -> None:
    """A hit of PowerMTA's own suppression list is no soft bounce."""
    hit = bounce("quota-issues", "5.2.2", LIST_HIT)
    assert isinstance(Policy().decide(bounce("quota-issues", "5.2.2")), Count)
    assert Policy().decide(hit) == Ignore('policy.suppression_list_hit = "ignore"')


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        ("abuse", Suppress('policy.complaint."*" = "suppress"')),
        ("", Suppress('policy.complaint."*" = "suppress"')),
        ("not-spam", Ignore('policy.complaint.not-spam = "ignore"')),
        ("auth-failure", Ignore('policy.complaint.auth-failure = "ignore"')),
        ("dmarc", Ignore('policy.complaint.dmarc = "ignore"')),
    ],
)
def test_complaints_by_type(kind: str, verdict: Verdict) -> None:
    """A complaint is decided by its feedback type alone."""
    assert Policy().decide(Complaint("ann@example.net", kind)) == verdict


def test_complaints_that_no_rule_names() -> None:
    """Rules without `*` leave the others alone, and are named."""
    verdict = Policy(complaint={"fraud": "suppress"}).decide(Complaint("ann@example.net", "abuse"))
    assert verdict == Ignore('policy.complaint."*" is not set')


def test_a_request_always_suppresses() -> None:
    """A request to unsubscribe is always a suppression."""
    request = ListUnsubscribe("token@u.example.com", datetime(2026, 1, 5, tzinfo=UTC), "ann@example.net")
    rules = Policy(bounce={"*": "ignore"}, complaint={"*": "ignore"})
    assert rules.decide(request) == Suppress("a List-Unsubscribe request always suppresses")

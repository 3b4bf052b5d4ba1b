"""Classification takes any diagnostic, works no longer than the text is, and hardens no verdict of PowerMTA."""

import re
import sys
from datetime import UTC, datetime
from types import FrameType

from hypothesis import given, settings
from hypothesis import strategies as st

from bouncehandler.policy import DEFAULT_BOUNCE, Count, Ignore, Policy, Suppress, Verdict
from bouncehandler.policy.classification import Refined, Rule, Rules
from bouncehandler.policy.patterns import MAX_TEXT, HostPattern, Phrase, line, words
from bouncehandler.record import Address, Bounce, DsnStatus
from bouncehandler.settings.classification_rules import read_rules
from tests.examples import many

MANY = settings(max_examples=many(150), deadline=None)
SHIPPED = read_rules().rules
PLAIN = Policy()


def matters(category: str) -> bool:
    """Whether the policy does not ignore a category."""
    return not isinstance(PLAIN.of_category(category), Ignore)


RULES = Rules(SHIPPED, matters)
EACH = [Rules([rule], matters) for rule in SHIPPED]
RULED = Policy(rules=lambda decided: Rules(SHIPPED, decided))

PIECES = [pattern.replace("*", " 12 ") for rule in SHIPPED for pattern in (*rule.text, *rule.not_text)]
SERVERS = ["mx.example.com (192.0.2.7)", "gmail-smtp-in.l.google.com", "a.protection.outlook.com. (192.0.2.8)", ""]
SAYINGS = st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=4).map(" ".join)
TIMES = st.none() | st.datetimes(datetime(2019, 8, 1), datetime(2026, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # Hypothesis takes bounds without a zone
STATUSES = st.none() | st.builds(DsnStatus, st.sampled_from([4, 5]), st.integers(0, 8), st.integers(0, 12))
BOUNCES = st.builds(
    Bounce,
    st.sampled_from(["b", "rb"]),
    st.sampled_from([Address("ann@example.net"), Address("spam@gmail.com"), Address("relay@yahoo.com")]),
    TIMES,
    queued_at=st.none(),
    category=st.sampled_from([*DEFAULT_BOUNCE, "", "custom"]),
    status=STATUSES,
    status_text=st.text(max_size=30) | SAYINGS,
    diagnostic=SAYINGS,
    remote_mta=st.sampled_from(SERVERS) | st.text(max_size=40),
)
LETTERS = st.text("ab *", min_size=1, max_size=12)


def rank(verdict: Verdict) -> int:
    """How hard a verdict is."""
    return (Ignore, Count, Suppress).index(type(verdict))


@MANY
@given(st.text(max_size=3000), st.text(max_size=400), st.text(max_size=30), STATUSES, TIMES)
def test_takes_whatever_comes(
    text: str, server: str, category: str, status: DsnStatus | None, at: datetime | None
) -> None:
    """Any text of any size in any field gives an answer and raises nothing."""
    record = Bounce("b", Address("ann@example.net"), at, category=category, status=status)
    for diagnostic in (text, text * 50, f"\0\ud800{text}"):
        refined = RULES.refine(record._replace(diagnostic=diagnostic, status_text=text, remote_mta=server))
        assert refined is None or refined.rule in {rule.name for rule in SHIPPED}


@MANY
@given(BOUNCES)
def test_never_hardens(bounce: Bounce) -> None:
    """No shipped rule makes a verdict harder, but `relaying`: that counts, whatever the status."""
    refined = RULES.refine(bounce)
    if refined and refined.rule == "relaying":
        assert isinstance(RULED.decide(bounce), Count)
    else:
        assert rank(RULED.decide(bounce)) <= rank(PLAIN.decide(bounce))


@MANY
@given(BOUNCES)
def test_the_index_finds_what_a_search_of_all_rules_finds(bounce: Bounce) -> None:
    """The index, and what is remembered, save work and change no answer."""
    assert RULES.refine(bounce) == RULES.refine(bounce) == one_by_one(bounce)


def one_by_one(bounce: Bounce) -> Refined | None:
    """Each rule for itself, asked in order."""
    return next((found for found in (one.refine(bounce) for one in EACH) if found), None)


@MANY
@given(st.sampled_from(PIECES), st.sampled_from([" ", "  ", "\r\n", "-", ", "]))
def test_reads_words(piece: str, between: str) -> None:
    """Upper case, line ends and punctuation between words change nothing."""
    record = Bounce("b", Address("ann@example.net"), category="bad-mailbox", diagnostic=piece)
    other = between.join(piece.split(" "))
    assert RULES.refine(record) == RULES.refine(record._replace(diagnostic=other))
    if piece.isascii():
        assert RULES.refine(record) == RULES.refine(record._replace(diagnostic=other.upper()))


@MANY
@given(st.sampled_from(sorted({word for piece in PIECES for word in words(piece) if word.isascii()})), st.booleans())
def test_a_name_is_no_reason(word: str, is_recipient: bool) -> None:  # noqa: FBT001  # drawn
    """A recipient or domain called `spam` or `relay` changes no verdict on an unknown user."""
    named = Address(f"{word}.{word}@{word}.example")
    record = Bounce("b", named if is_recipient else Address("ann@example.net"), category="bad-mailbox")
    for text in (f"550 5.1.1 <{named}>: User unknown", f"smtp;550 no mailbox here: {named.title()}"):
        assert RULES.refine(record._replace(status=DsnStatus(5, 1, 1), diagnostic=text)) is None


@MANY
@given(LETTERS, LETTERS)
def test_a_phrase_is_what_its_pattern_states(pattern: str, text: str) -> None:
    """A phrase matches as a regular expression with `.*` does."""
    phrase, message = Phrase.of(pattern), line(words(text))
    parts = (re.escape(part[:-1]) + "(?= )" if part.endswith(" ") else re.escape(part) for part in phrase.parts)
    assert phrase.is_in(message) == bool(re.search(".*".join(parts), message))


@MANY
@given(LETTERS.map(lambda text: text.replace(" ", ".")), LETTERS.map(lambda text: text.replace("*", "")))
def test_a_host_pattern_is_what_it_states(pattern: str, name: str) -> None:
    """A host pattern matches whole names, as a regular expression does."""
    expected = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name)
    assert HostPattern.of(pattern).matches(name) == bool(expected)


class _ObservedText(str):  # noqa: SLOT000  # what was seen is kept beside the text
    """A text that records which of its parts are searched."""

    reads: list[tuple[int, int]]

    def find(self, *wanted: object) -> int:
        """As `str.find`."""
        start = int(str(wanted[1]))
        at = str(self).find(str(wanted[0]), start)
        self.reads.append((start, at if at >= 0 else len(self)))
        return at


def searched(phrase: Phrase, text: str) -> int:
    """Number of characters that a phrase searches, which must go forward only."""
    watched = _ObservedText(text)
    watched.reads = []
    phrase.is_in(watched)
    ends = [-1]
    for start, end in watched.reads:
        assert start >= ends[-1]
        ends.append(end)
    return sum(end - start for start, end in watched.reads)


@MANY
@given(LETTERS, LETTERS)
def test_a_phrase_looks_at_a_text_once(pattern: str, text: str) -> None:
    """Ten times the text is at most ten times the work, however nearly it fits."""
    phrase = Phrase.of(pattern)
    short, long = line(words(text) * 20), line(words(text) * 200)
    assert searched(phrase, short) <= len(short)
    assert searched(phrase, long) <= len(long)


def calls(rules: Rules, diagnostic: str) -> int:
    """How often a function is called to refine a bounce."""
    reads = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal reads
        reads += event in {"call", "c_call"}

    record = Bounce("b", Address("ann@example.net"), category="bad-mailbox", diagnostic=diagnostic)
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        rules.refine(record)
    finally:
        sys.setprofile(before)
    return reads


def test_hostile_texts_cost_no_more_than_their_length() -> None:
    """Texts made to nearly fit every rule cost at most ten times as much at ten times the size, and then no more."""
    for seed in (
        "mailbox exceed a@b ",
        "@",
        " ",
        "not " * 3,
        "quota@",
        "x" * 50 + "@",
        "*",
        "、",
        "İ",
        " ".join(PIECES),
    ):
        one, ten, hundred = (seed * (MAX_TEXT * times // len(seed) // 10 + 1) for times in (1, 10, 100))
        first = calls(Rules(SHIPPED), one)
        assert calls(Rules(SHIPPED), ten) <= 10 * first + 20, seed
        assert calls(Rules(SHIPPED), hundred) <= 10 * first + 20, seed


@MANY
@given(st.lists(st.text(max_size=MAX_TEXT), max_size=4))
def test_nothing_is_remembered_without_bound(texts: list[str]) -> None:
    """A rule of no text fits every text, remembered or not."""
    rules = Rules([Rule(name="all", becomes="other")])
    record = Bounce("b", Address("ann@example.net"), category="bad-mailbox")
    assert {rules.refine(record._replace(diagnostic=text)) for text in ["", *texts]} == {Refined("other", "all")}

"""Classification rules: the first rule that matches a bounce sets the category by which the policy decides."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from bouncehandler.policy.patterns import (
    MAX_TEXT,
    HostPattern,
    Phrase,
    StatusPattern,
    line,
    without_addresses,
    words,
)
from bouncehandler.record import Bounce, DsnStatus
from bouncehandler.record.bounce_batch import BounceBatch

EVERY = "*"
"""Key for every category that the policy does not ignore."""

_CACHED_PAIRS = 4096
"""Cached pairs of category and status, both of which are open sets."""
_CACHED_TEXTS = 512
"""Cached texts with their matching rules: without the recipient many diagnostics are equal."""
_MAX_HOST = 300
"""Characters of a `dsnMta` that are read: 255 of a name (RFC 1035 2.3.4), and the address behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule as the configuration writes it; an empty or None condition matches everything."""

    name: str
    becomes: str
    """The category that it sets, PowerMTA's or the site's own."""
    why: str = ""
    category: tuple[str, ...] = (EVERY,)
    """Categories that it applies to."""
    status: tuple[str, ...] = ()
    """DSN statuses, `x` for any number, of which one matches."""
    not_status: tuple[str, ...] = ()
    """DSN statuses of which none matches."""
    text: tuple[str, ...] = ()
    """Phrases, `*` for any text, of which the diagnostic contains one."""
    not_text: tuple[str, ...] = ()
    """Phrases of which the diagnostic contains none."""
    host: tuple[str, ...] = ()
    """Hosts, `*` for any text, of which one is the recipient's domain or the server that answered."""
    begins: datetime | None = None
    """Aware. The bounce is of this time or later."""
    ends: datetime | None = None
    """Aware. The bounce is of an earlier time."""


class Refined(NamedTuple):
    """Category that replaces PowerMTA's in the decision."""

    category: str
    rule: str
    """Name of the rule that set it."""


_COMMON_TEXTS = """
smtp;550 5.1.1 user unknown; no such user here; unknown user; recipient address rejected: user unknown in virtual
mailbox table; user unknown in relay recipient table; user unknown in local recipient table; unknown or illegal alias
the email account that you tried to reach does not exist. please try double-checking the recipient's email address for
typos or unnecessary spaces. for more information, go to https://support.google.com/mail/?p=nosuchuser - gsmtp
requested action not taken: mailbox unavailable. for explanation visit https://postmaster
5.1.10 resolver.adr.recipientnotfound; recipient not found by smtp address lookup [prod.protection.outlook.com]
delivery error: dd this user doesn't have a yahoo.com account. mailbox not found. address not found. account closed
invalid recipient. no such recipient. no mailbox by that name. is not a valid mailbox. sorry, address is invalid
local mailbox is unavailable: user not found. email address could not be found; 5.1.2 bad destination system address
5.1.0 address rejected. unrouteable address; inactive user; this account is disabled; 551 552 553 554 5.2.0 5.5.0
"""
"""Usual diagnostics of unknown mailboxes: the index files a phrase under its word that is rarest here."""


class PhraseIndex:
    """Finds the rules with a phrase that a text contains; a set of rules is a number with one bit per rule.

    Args:
        phrases: each rule's number, and the phrases of which a text has to contain one; none where any text matches.
    """

    def __init__(self, phrases: Iterable[tuple[int, Sequence[Phrase]]]) -> None:
        self._always = 0
        self._by_word: dict[str, list[tuple[int, Phrase]]] = {}
        self._wordless: list[tuple[int, Phrase]] = []
        frequencies = Counter(words(_COMMON_TEXTS))
        for number, alternatives in phrases:
            if not alternatives:
                self._always |= 1 << number
            for phrase in alternatives:
                self._entries(phrase, frequencies).append((1 << number, phrase))
        self._words = frozenset(self._by_word)
        self._wordless_ascii = [entry for entry in self._wordless if entry[1].is_ascii]

    def matching(self, text: str) -> int:
        """The set of rules that match a text."""
        text_words = words(text)
        hits = self._words.intersection(text_words)
        wordless = self._wordless_ascii if text.isascii() else self._wordless
        if not (hits or wordless):
            return self._always
        whole = line(text_words)
        matching = self._always
        for rule, phrase in chain(wordless, *(self._by_word[word] for word in hits)):
            if phrase.is_in(whole):
                matching |= rule
        return matching

    def _entries(self, phrase: Phrase, frequencies: Counter[str]) -> list[tuple[int, Phrase]]:
        """The list that a phrase is filed in."""
        if not phrase.whole_words:
            return self._wordless
        word = max(phrase.whole_words, key=lambda word: (-frequencies[word], len(word)))
        return self._by_word.setdefault(word, [])


class _CompiledRule:
    """A rule with its patterns compiled."""

    def __init__(self, rule: Rule) -> None:
        self.refined = Refined(rule.becomes, rule.name)
        self.phrases = [Phrase.of(pattern) for pattern in rule.text]
        self._excluded_phrases = [Phrase.of(pattern) for pattern in rule.not_text]
        self._hosts = [HostPattern.of(pattern) for pattern in rule.host]
        self._statuses = [StatusPattern.of(pattern) for pattern in rule.status]
        self._excluded_statuses = [StatusPattern.of(pattern) for pattern in rule.not_status]
        self._categories = frozenset(rule.category)
        self._begins, self.ends = rule.begins, rule.ends

    def applies_to(self, category: str, matters: Callable[[str], bool]) -> bool:
        return category in self._categories or (EVERY in self._categories and matters(category))

    def matches_status(self, status: DsnStatus | None) -> bool:
        if status is None:
            return not self._statuses
        is_included = not self._statuses or any(pattern.matches(status) for pattern in self._statuses)
        return is_included and not any(pattern.matches(status) for pattern in self._excluded_statuses)

    def matches(self, text: str, bounce: Bounce) -> bool:
        """Whether the conditions beside category and status are met; `text` is a `line` without addresses."""
        return (
            self._is_within(bounce.occurred_at)
            and (not self.phrases or any(phrase.is_in(text) for phrase in self.phrases))
            and not any(phrase.is_in(text) for phrase in self._excluded_phrases)
            and (not self._hosts or self._matches_host(bounce))
        )

    def _is_within(self, at: datetime | None) -> bool:
        """Whether the time is in the rule's period; a bounce without a time is in none."""
        if self._begins is None and self.ends is None:
            return True
        return at is not None and (self._begins is None or self._begins <= at) and (self.ends is None or at < self.ends)

    def _matches_host(self, bounce: Bounce) -> bool:
        server = bounce.remote_mta[:_MAX_HOST].partition("(")[0].strip().rstrip(".").lower()
        names = (bounce.recipient.rpartition("@")[2], server)
        return any(pattern.matches(name) for name in names for pattern in self._hosts)


class Rules:
    """Compiled rules in their order; no bounce makes them raise.

    Args:
        rules: the first that matches counts.
        matters: whether the policy suppresses or counts a category, so that `*` includes it.
    """

    def __init__(self, rules: Iterable[Rule], matters: Callable[[str], bool] = lambda _: True) -> None:
        self._rules = [_CompiledRule(rule) for rule in rules]
        self._matters = matters
        lasting = PhraseIndex((number, rule.phrases) for number, rule in enumerate(self._rules) if rule.ends is None)
        self._lasting = lru_cache(_CACHED_TEXTS)(lasting.matching)
        self._ending = PhraseIndex(
            (number, rule.phrases) for number, rule in enumerate(self._rules) if rule.ends
        ).matching
        self._last_end = max((rule.ends for rule in self._rules if rule.ends), default=None)
        self._candidates: dict[tuple[str, DsnStatus | None], int] = {}

    def refine(self, bounce: Bounce) -> Refined | None:
        """The category that the first matching rule sets; None: PowerMTA's own stands.

        A bounce without a diagnostic, which no server answered, is matched by PowerMTA's words behind the status.
        Addresses in the text are not matched: a mailbox may be called `spam`.
        """
        return self.refine_batch(BounceBatch.from_rows((bounce,)))[0]

    def refine_batch(self, bounces: BounceBatch) -> list[Refined | None]:
        """`refine` many bounces, which is faster than one by one: nearly all match no rule."""
        texts = _texts(bounces)
        matching = list(map(self._lasting, texts))
        if (end := self._last_end) is not None:
            for index, at in enumerate(bounces.occurred_at):
                if at is not None and at < end:
                    matching[index] |= self._ending(texts[index])
        if not any(matching):
            return [None] * len(matching)
        return [
            self._refine(rules, text, bounce) if rules else None
            for rules, text, bounce in zip(matching, texts, bounces, strict=True)
        ]

    def _refine(self, matching: int, text: str, bounce: Bounce) -> Refined | None:
        """The refinement by the rules of a set, as far as they apply to the bounce's category and status."""
        candidates = self._candidates.get((bounce.category, bounce.status))
        if candidates is None:
            candidates = self._find_candidates(bounce.category, bounce.status)
        matching &= candidates
        return self._first(matching, text, bounce) if matching else None

    def concerns(self, category: str) -> bool:
        """Whether a rule may refine a bounce of this category, so that the category alone does not decide."""
        return any(rule.applies_to(category, self._matters) for rule in self._rules)

    def _find_candidates(self, category: str, status: DsnStatus | None) -> int:
        """The rules for this category and status, as a set for `PhraseIndex`."""
        candidates = 0
        for number, rule in enumerate(self._rules):
            if rule.applies_to(category, self._matters) and rule.matches_status(status):
                candidates |= 1 << number
        if len(self._candidates) < _CACHED_PAIRS:
            self._candidates[category, status] = candidates
        return candidates

    def _first(self, matching: int, text: str, bounce: Bounce) -> Refined | None:
        anonymous = line(words(without_addresses(text)))
        while matching:
            lowest = matching & -matching
            rule = self._rules[lowest.bit_length() - 1]
            if rule.matches(anonymous, bounce):
                return rule.refined
            matching ^= lowest
        return None


def _texts(bounces: BounceBatch) -> list[str]:
    """The texts that rules match, without the recipients."""
    columns = (bounces.diagnostics, bounces.impersonal_diagnostics, bounces.status_texts, bounces.recipients)
    return [
        (impersonal if diagnostic else status.replace(to, ""))[:MAX_TEXT]
        for diagnostic, impersonal, status, to in zip(*columns, strict=True)
    ]

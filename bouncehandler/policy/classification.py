"""The rules, in order: the first that fits a bounce says which category the policy is to decide by."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from bouncehandler.policy.patterns import (
    LONGEST_TEXT,
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
"""Stands for every category that the policy does not ignore."""

_REMEMBERED = 4096
"""Pairs of category and status: both are open sets, memory is not."""
_TEXTS = 512
"""Texts whose rules are remembered: many servers say the same of everybody, once the recipient is left out."""
_LONGEST_HOST = 300
"""Characters of a `dsnMta` that are looked at: 255 of a name (RFC 1035 2.3.4), and the address behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule as it is written; what is empty or None asks for nothing."""

    name: str
    becomes: str
    """The category that it decides on, PowerMTA's or the site's own."""
    why: str = ""
    category: tuple[str, ...] = (EVERY,)
    """The categories that it looks at."""
    status: tuple[str, ...] = ()
    """DSN statuses, `x` for any number: one of them."""
    not_status: tuple[str, ...] = ()
    """The same: none of them."""
    text: tuple[str, ...] = ()
    """Phrases, `*` for any text: the diagnostic holds one of them."""
    not_text: tuple[str, ...] = ()
    """Phrases: the diagnostic holds none of them."""
    host: tuple[str, ...] = ()
    """Hosts, `*` for any text: the recipient's domain, or the server that answered, is one of them."""
    begins: datetime | None = None
    """Aware: the bounce is of this time or later."""
    ends: datetime | None = None
    """Aware: the bounce is of an earlier time."""


class Refined(NamedTuple):
    """What the policy is to decide by instead of PowerMTA's category."""

    category: str
    rule: str
    """The name of the rule that said so."""


class Rules:
    """Rules in their order, ready for every bounce there is; whatever a bounce holds, it raises nothing.

    Args:
        rules: the first that fits counts.
        matters: whether the policy suppresses or counts a category, so that `*` stands for it.
    """

    def __init__(self, rules: Iterable[Rule], matters: Callable[[str], bool] = lambda _: True) -> None:
        self._tests = [_Test(rule) for rule in rules]
        self._matters = matters
        lasting = Index((number, test.phrases) for number, test in enumerate(self._tests) if test.ends is None)
        self._lasting = lru_cache(_TEXTS)(lasting.fitting)
        self._ending = Index((number, test.phrases) for number, test in enumerate(self._tests) if test.ends).fitting
        self._last_end = max((test.ends for test in self._tests if test.ends), default=None)
        self._candidates: dict[tuple[str, DsnStatus | None], int] = {}

    def refine(self, bounce: Bounce) -> Refined | None:
        """The category that the first rule that fits decides on; None: PowerMTA's own stands.

        A bounce without a diagnostic, which no server answered, is judged by PowerMTA's words behind the status.
        Addresses in the text say nothing: somebody may be called `spam`.
        """
        return self.refine_batch(BounceBatch.of((bounce,)))[0]

    def refine_batch(self, bounces: BounceBatch) -> list[Refined | None]:
        """The same for many, which is quicker at once: nearly all fit no rule."""
        texts = _texts(bounces)
        fitting = list(map(self._lasting, texts))
        if (end := self._last_end) is not None:
            for place, at in enumerate(bounces.occurred_at):
                if at is not None and at < end:
                    fitting[place] |= self._ending(texts[place])
        if not any(fitting):
            return [None] * len(fitting)
        return [
            self._refine(one, text, bounce) if one else None
            for one, text, bounce in zip(fitting, texts, bounces, strict=True)
        ]

    def _refine(self, fitting: int, text: str, bounce: Bounce) -> Refined | None:
        """What rules that fit a text make of a bounce, as far as they are for its category and status."""
        candidates = self._candidates.get((bounce.category, bounce.status))
        if candidates is None:
            candidates = self._find_candidates(bounce.category, bounce.status)
        fitting &= candidates
        return self._first(fitting, text, bounce) if fitting else None

    def concerns(self, category: str) -> bool:
        """Whether a bounce of this category may be refined, so that a policy that ignores it can't yet say so."""
        return any(test.looks_at(category, self._matters) for test in self._tests)

    def _find_candidates(self, category: str, status: DsnStatus | None) -> int:
        """The rules for this category and status, as a set for `Index`."""
        found = 0
        for number, test in enumerate(self._tests):
            if test.looks_at(category, self._matters) and test.takes(status):
                found |= 1 << number
        if len(self._candidates) < _REMEMBERED:
            self._candidates[category, status] = found
        return found

    def _first(self, fitting: int, text: str, bounce: Bounce) -> Refined | None:
        said = line(words(without_addresses(text)))
        while fitting:
            lowest = fitting & -fitting
            test = self._tests[lowest.bit_length() - 1]
            if test.fits(said, bounce):
                return test.refined
            fitting ^= lowest
        return None


def _texts(bounces: BounceBatch) -> list[str]:
    """What is judged, without the recipients."""
    texts = zip(bounces.diagnostics, bounces.said, bounces.status_texts, bounces.recipients, strict=True)
    return [(said if diagnostic else words.replace(to, ""))[:LONGEST_TEXT] for diagnostic, said, words, to in texts]


class _Test:
    """A rule, read."""

    def __init__(self, rule: Rule) -> None:
        self.refined = Refined(rule.becomes, rule.name)
        self.phrases = [Phrase.of(pattern) for pattern in rule.text]
        self._never = [Phrase.of(pattern) for pattern in rule.not_text]
        self._hosts = [HostPattern.of(pattern) for pattern in rule.host]
        self._statuses = [StatusPattern.of(pattern) for pattern in rule.status]
        self._no_statuses = [StatusPattern.of(pattern) for pattern in rule.not_status]
        self._categories = frozenset(rule.category)
        self._begins, self.ends = rule.begins, rule.ends

    def looks_at(self, category: str, matters: Callable[[str], bool]) -> bool:
        return category in self._categories or (EVERY in self._categories and matters(category))

    def takes(self, status: DsnStatus | None) -> bool:
        if status is None:
            return not self._statuses
        is_asked_for = not self._statuses or any(pattern.fits(status) for pattern in self._statuses)
        return is_asked_for and not any(pattern.fits(status) for pattern in self._no_statuses)

    def fits(self, said: str, bounce: Bounce) -> bool:
        """Whether what is left to ask, beside category and status, is so; `said` is a `line` without addresses."""
        return (
            self._is_within(bounce.occurred_at)
            and (not self.phrases or any(phrase.is_in(said) for phrase in self.phrases))
            and not any(phrase.is_in(said) for phrase in self._never)
            and (not self._hosts or self._knows(bounce))
        )

    def _is_within(self, at: datetime | None) -> bool:
        """A bounce without a time is of no incident."""
        if self._begins is None and self.ends is None:
            return True
        return at is not None and (self._begins is None or self._begins <= at) and (self.ends is None or at < self.ends)

    def _knows(self, bounce: Bounce) -> bool:
        server = bounce.remote_mta[:_LONGEST_HOST].partition("(")[0].strip().rstrip(".").lower()
        names = (bounce.recipient.rpartition("@")[2], server)
        return any(pattern.fits(name) for name in names for pattern in self._hosts)


_USUAL = """
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
"""How servers speak of mailboxes that are not there; a phrase is found by the word of it that is said there least."""


class Index:
    """Sets of rules by what a text holds; a set is a number whose lowest bit is the first rule.

    Args:
        phrases: each rule's number, with the phrases of which a text has to hold one; none where any text will do.
    """

    def __init__(self, phrases: Iterable[tuple[int, Sequence[Phrase]]]) -> None:
        self._always = 0
        self._by_word: dict[str, list[tuple[int, Phrase]]] = {}
        self._wordless: list[tuple[int, Phrase]] = []
        baseline = Counter(words(_USUAL))
        for number, alternatives in phrases:
            if not alternatives:
                self._always |= 1 << number
            for phrase in alternatives:
                self._place(phrase, baseline).append((1 << number, phrase))
        self._words = frozenset(self._by_word)
        self._wordless_ascii = [placed for placed in self._wordless if placed[1].is_ascii]

    def fitting(self, text: str) -> int:
        """The rules that a text fits."""
        said = words(text)
        hits = self._words.intersection(said)
        wordless = self._wordless_ascii if text.isascii() else self._wordless
        if not (hits or wordless):
            return self._always
        whole = line(said)
        found = self._always
        for rule, phrase in chain(wordless, *(self._by_word[word] for word in hits)):
            if phrase.is_in(whole):
                found |= rule
        return found

    def _place(self, phrase: Phrase, baseline: Counter[str]) -> list[tuple[int, Phrase]]:
        """Where a phrase is looked for."""
        if not phrase.whole_words:
            return self._wordless
        word = max(phrase.whole_words, key=lambda word: (-baseline[word], len(word)))
        return self._by_word.setdefault(word, [])

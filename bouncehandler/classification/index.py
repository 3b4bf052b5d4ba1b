"""Which rules a text fits, found by one word of each phrase: a text that has none of these words is done at once."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

from bouncehandler.classification.patterns import Phrase, line, words

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
        usual = Counter(words(_USUAL))
        for number, alternatives in phrases:
            if not alternatives:
                self._always |= 1 << number
            for phrase in alternatives:
                self._place(phrase, usual).append((1 << number, phrase))
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

    def _place(self, phrase: Phrase, usual: Counter[str]) -> list[tuple[int, Phrase]]:
        """Where a phrase is looked for."""
        if not phrase.whole_words:
            return self._wordless
        word = max(phrase.whole_words, key=lambda word: (-usual[word], len(word)))
        return self._by_word.setdefault(word, [])

"""Which providers want a bounce: those whose originator patterns its envelope sender matches."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from fnmatch import translate

_LONGEST = 512
"""Characters of an originator that are looked at; RFC 5321 allows 320 with both ends."""


class Routes:
    """Originator patterns by provider: whole addresses or `*` wildcards, without regard to case; none wants all.

    Whole addresses and `*@domain` are looked up, however many there are: every VERP sender is another one, so that
    remembering senders would not help.

    Args:
        originators: patterns by provider.
        types: the type of each provider; without them nobody knows whose ids are whose.
    """

    def __init__(self, originators: Mapping[str, Sequence[str]], types: Mapping[str, str] | None = None) -> None:
        self.all_providers = tuple(originators)
        """Every provider, in the order of the configuration."""
        self._of_type: dict[str, tuple[str, ...]] = {}
        for name, provider_type in (types or {}).items():
            self._of_type[provider_type] = (*self._of_type.get(provider_type, ()), name)
        self._whole: defaultdict[str, set[str]] = defaultdict(set)
        self._domains: defaultdict[str, set[str]] = defaultdict(set)
        self._others: list[tuple[re.Pattern[str], str]] = []
        self._always = {name for name, patterns in originators.items() if not patterns}
        self._is_open = len(self._always) == len(self.all_providers)
        for name, patterns in originators.items():
            for pattern in patterns:
                self._add(pattern.strip().lower(), name)
        # Nearly every sender is looked up by its domain alone.
        self._of_domain = {at_domain: self._in_order("", at_domain) for at_domain in self._domains}
        also_whole = {address[address.rfind("@") :] for address in self._whole}
        self._sure = {} if self._others else {at: to for at, to in self._of_domain.items() if at not in also_whole}
        """By domain, where nothing else of a sender matters."""
        self._always_in_order = self._in_order("", "")

    def of(self, originator: str) -> tuple[str, ...]:
        """The providers that want a bounce of this envelope sender; empty when none does."""
        if self._is_open:
            return self.all_providers
        found = self._sure.get(originator[originator.rfind("@") :])  # as nearly every sender is written
        if found is not None:
            return found
        text = originator.strip().removeprefix("<").removesuffix(">")[:_LONGEST].lower()
        at_domain = text[text.rfind("@") :] if "@" in text else text
        if text in self._whole or self._others:
            return self._in_order(text, at_domain)
        wanting = self._of_domain.get(at_domain)
        return self._always_in_order if wanting is None else wanting

    def match_batch(self, originators: Sequence[str]) -> list[tuple[str, ...]]:
        """The same for many."""
        if self._is_open:
            return [self.all_providers] * len(originators)
        known = self._sure.get
        return [known(originator[originator.rfind("@") :]) or self.of(originator) for originator in originators]

    def _in_order(self, text: str, at_domain: str) -> tuple[str, ...]:
        wanting = self._always | self._whole.get(text, set()) | self._domains.get(at_domain, set())
        wanting |= {name for pattern, name in self._others if pattern.match(text)}
        return tuple(name for name in self.all_providers if name in wanting)

    def of_type(self, provider_type: str) -> tuple[str, ...]:
        """The providers of a type, whose ids a complaint may hold; empty when there are none."""
        return self._of_type.get(provider_type, ())

    def _add(self, pattern: str, name: str) -> None:
        local, at, domain = pattern.rpartition("@")
        if "*" not in pattern:
            self._whole[pattern].add(name)
        elif (local, at) == ("*", "@") and domain and "*" not in domain:
            self._domains[at + domain].add(name)
        else:
            self._others.append((re.compile(_expression(pattern), re.IGNORECASE), name))


def _expression(pattern: str) -> str:
    """The pattern as a regular expression that takes linear time; only `*` is special."""
    return translate(pattern.replace("[", "[[]").replace("?", "[?]"))

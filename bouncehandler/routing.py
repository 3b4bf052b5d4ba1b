"""Routing: finds the providers whose originator patterns match a bounce's envelope sender."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from fnmatch import translate

_MAX_ORIGINATOR = 512
"""Characters of an originator that are read; RFC 5321 allows 320 with both ends."""


class Routes:
    """Originator patterns by provider: whole addresses or `*` wildcards, without regard to case.

    Whole addresses and `*@domain` are looked up in dictionaries, however many there are. A cache of senders would not
    help, since every VERP sender is another one.

    Args:
        originators: patterns by provider; a provider without patterns gets every bounce.
        types: the type of each provider; without them ids belong to no provider.
    """

    def __init__(self, originators: Mapping[str, Sequence[str]], types: Mapping[str, str] | None = None) -> None:
        self.all_providers = tuple(originators)
        """Every provider, in the order of the configuration."""
        self._of_type: dict[str, tuple[str, ...]] = {}
        for name, provider_type in (types or {}).items():
            self._of_type[provider_type] = (*self._of_type.get(provider_type, ()), name)
        self._whole: defaultdict[str, set[str]] = defaultdict(set)
        self._domains: defaultdict[str, set[str]] = defaultdict(set)
        self._patterns: list[tuple[re.Pattern[str], str]] = []
        self._always = {name for name, patterns in originators.items() if not patterns}
        self._routes_all = len(self._always) == len(self.all_providers)
        for name, patterns in originators.items():
            for pattern in patterns:
                self._add(pattern.strip().lower(), name)
        # Nearly every sender is looked up by its domain alone.
        self._by_domain = {at_domain: self._in_order("", at_domain) for at_domain in self._domains}
        also_whole = {address[address.rfind("@") :] for address in self._whole}
        self._by_domain_alone = (
            {} if self._patterns else {at: to for at, to in self._by_domain.items() if at not in also_whole}
        )
        """Providers by domain, where nothing else of a sender matters."""
        self._default = self._in_order("", "")

    def of(self, originator: str) -> tuple[str, ...]:
        """The providers that a bounce of this envelope sender is routed to; empty for none."""
        if self._routes_all:
            return self.all_providers
        providers = self._by_domain_alone.get(originator[originator.rfind("@") :])  # as nearly every sender is written
        if providers is not None:
            return providers
        text = originator.strip().removeprefix("<").removesuffix(">")[:_MAX_ORIGINATOR].lower()
        at_domain = text[text.rfind("@") :] if "@" in text else text
        if text in self._whole or self._patterns:
            return self._in_order(text, at_domain)
        return self._by_domain.get(at_domain, self._default)

    def match_batch(self, originators: Sequence[str]) -> list[tuple[str, ...]]:
        """`of` many originators."""
        if self._routes_all:
            return [self.all_providers] * len(originators)
        by_domain = self._by_domain_alone.get
        return [by_domain(originator[originator.rfind("@") :]) or self.of(originator) for originator in originators]

    def _in_order(self, text: str, at_domain: str) -> tuple[str, ...]:
        routed = self._always | self._whole.get(text, set()) | self._domains.get(at_domain, set())
        routed |= {name for pattern, name in self._patterns if pattern.match(text)}
        return tuple(name for name in self.all_providers if name in routed)

    def of_type(self, provider_type: str) -> tuple[str, ...]:
        """The providers of a type, to one of which ids in a complaint belong; empty for none."""
        return self._of_type.get(provider_type, ())

    def _add(self, pattern: str, name: str) -> None:
        local, at, domain = pattern.rpartition("@")
        if "*" not in pattern:
            self._whole[pattern].add(name)
        elif (local, at) == ("*", "@") and domain and "*" not in domain:
            self._domains[at + domain].add(name)
        else:
            self._patterns.append((re.compile(_expression(pattern), re.IGNORECASE), name))


def _expression(pattern: str) -> str:
    """The pattern as a regular expression that takes linear time; only `*` is special."""
    return translate(pattern.replace("[", "[[]").replace("?", "[?]"))

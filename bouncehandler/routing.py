"""Which providers want a bounce: those whose originator patterns its envelope sender matches."""

import re
from collections.abc import Mapping, Sequence
from fnmatch import translate
from functools import lru_cache

_LONGEST = 512
"""Characters of an originator that are looked at, and remembered; RFC 5321 allows 320 with both ends."""


class Routes:
    """Originator patterns by provider: whole addresses or `*` wildcards, without regard to case; none wants all."""

    def __init__(self, originators: Mapping[str, Sequence[str]]) -> None:
        self.everyone = tuple(originators)
        """Every provider, in the order of the configuration."""
        self._patterns = {
            name: [re.compile(_expression(pattern), re.IGNORECASE) for pattern in patterns]
            for name, patterns in originators.items()
        }
        self._is_open = not any(self._patterns.values())
        self._matching = lru_cache(maxsize=65536)(self._match)

    def of(self, originator: str) -> tuple[str, ...]:
        """The providers that want a bounce of this envelope sender; empty when none does."""
        return self.everyone if self._is_open else self._matching(originator[:_LONGEST])

    def _match(self, originator: str) -> tuple[str, ...]:
        text = originator.strip().removeprefix("<").removesuffix(">")
        return tuple(
            name for name, wants in self._patterns.items() if not wants or any(want.match(text) for want in wants)
        )


def _expression(pattern: str) -> str:
    """The pattern as a regular expression that takes linear time; only `*` is special."""
    return translate(pattern.strip().replace("[", "[[]").replace("?", "[?]"))

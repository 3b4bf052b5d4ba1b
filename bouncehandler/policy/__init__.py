"""What a record deserves: Suppress, Count or Ignore, always with the rule that said so; no clock, disk or network."""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Literal, NamedTuple

from bouncehandler.policy.classification import Refined, Rules
from bouncehandler.record import Bounce, Complaint, ListedAddress, ListUnsubscribe, status_text
from bouncehandler.record.bounce_batch import BounceBatch


class Threshold(NamedTuple):
    """So many bounces within so long make a suppression."""

    suppress_after: int
    within: timedelta


Action = Literal["suppress", "ignore"] | Threshold
"""What the configuration says of a category or a status."""

OTHER = "*"
"""Stands for every category that is not named; PowerMTA's categories are an open set."""

_SOFT = Threshold(3, timedelta(days=21))
_SOFTER = Threshold(4, timedelta(days=21))

DEFAULT_BOUNCE: Mapping[str, Action] = MappingProxyType(
    {
        "bad-mailbox": "suppress",
        "bad-domain": "suppress",
        "inactive-mailbox": "suppress",
        "quota-issues": _SOFT,
        "no-answer-from-host": _SOFT,
        "routing-errors": _SOFTER,
        "relaying-issues": _SOFTER,
        "spam-related": "ignore",
        "policy-related": "ignore",
        "content-related": "ignore",
        "virus-related": "ignore",
        "invalid-sender": "ignore",
        "bad-configuration": "ignore",
        "protocol-errors": "ignore",
        "bad-connection": "ignore",
        "message-expired": "ignore",
        "other": "ignore",
        OTHER: "ignore",
    }
)
"""The reason for each stands in `config/bouncehandler.toml`."""

DEFAULT_STATUS: Mapping[str, Action] = MappingProxyType({"4.x.x": _SOFT, "5.7.x": "ignore"})
"""A hard category with a temporary status counts as soft; policy and authentication (RFC 3463 3.8) say nothing about
the mailbox."""

DEFAULT_COMPLAINT: Mapping[str, Literal["suppress", "ignore"]] = MappingProxyType(
    {"not-spam": "ignore", "auth-failure": "ignore", "dmarc": "ignore", OTHER: "suppress"}
)
"""By feedback type (RFC 5965 7.3): `not-spam` takes a complaint back; reports of authentication (RFC 6591, RFC 7489)
are no complaints."""

_REMEMBERED = 4096
"""Combinations of a named category and a status, which is an open set."""


@dataclass(frozen=True, slots=True)
class Suppress:
    """The recipient is not to be mailed again."""

    rule: str


@dataclass(frozen=True, slots=True)
class Count:
    """A soft bounce: it takes `threshold.suppress_after` of them within `threshold.within` to suppress."""

    rule: str
    threshold: Threshold


@dataclass(frozen=True, slots=True)
class Ignore:
    """The record says nothing against the recipient."""

    rule: str


Verdict = Suppress | Count | Ignore


class Policy:
    """The rules of `[policy]` in the configuration; every verdict names its rule in the words found there.

    Args:
        rules: makes the rules of classification, which refine PowerMTA's category before anything is decided, given a
            test of whether a category matters; None: its categories stand.
    """

    def __init__(
        self,
        bounce: Mapping[str, Action] = DEFAULT_BOUNCE,
        status: Mapping[str, Action] = DEFAULT_STATUS,
        suppression_list_hit: Literal["suppress", "ignore"] = "ignore",
        complaint: Mapping[str, Literal["suppress", "ignore"]] = DEFAULT_COMPLAINT,
        rules: Callable[[Callable[[str], bool]], Rules] | None = None,
    ) -> None:
        self._bounce = {name: _verdict(f"policy.bounce.{_key(name)}", action) for name, action in bounce.items()}
        self._other = self._bounce.get(OTHER) or Ignore(f"policy.bounce.{_key(OTHER)} is not set")
        self._complaint = {name: _verdict(f"policy.complaint.{_key(name)}", says) for name, says in complaint.items()}
        self._other_complaint = self._complaint.get(OTHER) or Ignore(f"policy.complaint.{_key(OTHER)} is not set")
        self._status = [
            (_status_pattern(pattern), _verdict(f'policy.status."{pattern}"', action))
            for pattern, action in sorted(status.items(), key=lambda item: item[0].count("x"))
        ]
        self._list_hit = _verdict("policy.suppression_list_hit", suppression_list_hit)
        self._passes_hits_on = isinstance(self._list_hit, Suppress)
        self._known: dict[tuple[str, str], Verdict] = {}
        self._rules = rules(lambda category: not isinstance(self.of_category(category), Ignore)) if rules else None

    def decide(self, record: Bounce | Complaint | ListUnsubscribe | ListedAddress) -> Verdict:
        """The verdict on any record; a request, and an address fed by hand, always suppresses."""
        return self.decide_batch(BounceBatch.of((record,)))[0] if isinstance(record, Bounce) else self._of_other(record)

    def decide_batch(self, bounces: BounceBatch) -> list[Verdict]:
        """The verdicts on many bounces, which are quicker to decide at once."""
        rules = self._rules
        refined = [None] * len(bounces) if rules is None else rules.refine_batch(bounces)
        hits = _list_hits(bounces)
        if not hits and not any(refined):
            return self._of_causes(list(zip(bounces.categories, bounces.codes, strict=True)))
        return [
            self._of_hit(bounce) if place in hits else self._of_refined(bounce, found)
            for place, (bounce, found) in enumerate(zip(bounces, refined, strict=True))
        ]

    def _of_hit(self, bounce: Bounce) -> Verdict:
        verdict = self.of_category(bounce.category)
        return self._list_hit if self._passes_hits_on or not isinstance(verdict, Ignore) else verdict

    def _of_refined(self, bounce: Bounce, refined: Refined | None) -> Verdict:
        if refined is None:
            return self._of_cause(bounce.category, status_text(bounce.status))
        return _ruled(self._of_cause(refined.category, status_text(bounce.status)), refined.rule)

    def _of_causes(self, causes: Sequence[tuple[str, str]]) -> list[Verdict]:
        """What categories with their status say."""
        found = list(map(self._known.get, causes))
        return [verdict or self._of_cause(*cause) for verdict, cause in zip(found, causes, strict=True)]

    def _of_cause(self, category: str, code: str) -> Verdict:
        """What category and status say; remembered, since few combinations make up most rows."""
        found = self._known.get((category, code))
        if found is None:
            verdict = self.of_category(category)
            found = self._by_status(verdict, code) if isinstance(verdict, Suppress) else verdict
            if len(self._known) < _REMEMBERED and category in self._bounce:
                self._known[category, code] = found
        return found

    def of_category(self, category: str) -> Verdict:
        """What the category alone says, where `is_settled` tells that nothing else matters."""
        return self._bounce.get(category, self._other)

    def is_settled(self, category: str) -> bool:
        """Whether records of this category are ignored, whatever else they hold."""
        if self._passes_hits_on or not isinstance(self.of_category(category), Ignore):
            return False
        return self._rules is None or not self._rules.concerns(category)

    def refined(self, bounce: Bounce) -> Refined | None:
        """The category that a rule of classification decides on; None: PowerMTA's stands.

        A hit of PowerMTA's own suppression list has a setting of its own.
        """
        return None if self._rules is None or _is_list_hit(bounce) else self._rules.refine(bounce)

    @property
    def counts(self) -> bool:
        """Whether any rule counts soft bounces, so that deliveries matter."""
        verdicts = (self._other, *self._bounce.values(), *(says for _, says in self._status))
        return any(isinstance(verdict, Count) for verdict in verdicts)

    def settled_categories(self) -> list[str]:
        """The named categories that are settled."""
        return [name for name in self._bounce if name != OTHER and self.is_settled(name)]

    def _of_other(self, record: Complaint | ListUnsubscribe | ListedAddress) -> Verdict:
        if isinstance(record, Complaint):
            return self._complaint.get(record.feedback_type, self._other_complaint)
        if isinstance(record, ListUnsubscribe):
            return Suppress("a List-Unsubscribe request always suppresses")
        return Suppress("a list fed by hand always suppresses")

    def _by_status(self, verdict: Suppress, code: str) -> Verdict:
        """What the status makes of a category that suppresses."""
        found = next((says for pattern, says in self._status if pattern.fullmatch(code)), verdict)
        return verdict if isinstance(found, Suppress) else found


def _ruled(verdict: Verdict, rule: str) -> Verdict:
    """The verdict, which also names the rule of classification that led to it."""
    return replace(verdict, rule=f"{verdict.rule}, by {rule}")


def _is_list_hit(bounce: Bounce) -> bool:
    """Whether PowerMTA refused the message itself: `5.7.1 ... recipient is in suppression list`."""
    return _tells_of_list(bounce.status_text) or _tells_of_list(bounce.diagnostic)


def _list_hits(bounces: BounceBatch) -> Collection[int]:
    """The places of those that are; nearly always there are none, which one look at all texts tells."""
    if "uppression" not in "\n".join((*bounces.status_texts, *bounces.diagnostics)):
        return ()
    return {place for place, bounce in enumerate(bounces) if _is_list_hit(bounce)}


def _tells_of_list(text: str) -> bool:
    return "suppression list" in text or ("uppression" in text and "in suppression list" in text.lower())


def _verdict(key: str, action: Action) -> Verdict:
    if action == "suppress":
        return Suppress(f'{key} = "suppress"')
    if action == "ignore":
        return Ignore(f'{key} = "ignore"')
    return Count(f'{key} = {{ suppress_after = {action.suppress_after}, within = "{_period(action.within)}" }}', action)


def _period(within: timedelta) -> str:
    """The duration as the configuration writes it, in the largest unit that holds it whole."""
    for unit, size in (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1))):
        if not within % size:
            return f"{within // size}{unit}"
    milliseconds = within // timedelta(milliseconds=1)
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def _key(name: str) -> str:
    """The name as a TOML key: bare where TOML allows it."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def _status_pattern(pattern: str) -> re.Pattern[str]:
    """`4.x.x` as a regular expression; `x` stands for any number."""
    return re.compile(r"\.".join(r"\d+" if part == "x" else re.escape(part) for part in pattern.split(".")))

"""Policy: decides whether a record suppresses, counts or is ignored, and by which rule; no clock, disk or network."""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import ClassVar, Literal

from bouncehandler.policy.classification import Refined, Rules
from bouncehandler.policy.defaults import (
    DEFAULT_BOUNCE,
    DEFAULT_COMPLAINT,
    DEFAULT_STATUS,
    OTHER,
    Action,
    Threshold,
)
from bouncehandler.record import Bounce, Complaint, ListedAddress, ListUnsubscribe, status_text
from bouncehandler.record.bounce_batch import BounceBatch

__all__ = [
    "DEFAULT_BOUNCE",
    "DEFAULT_COMPLAINT",
    "DEFAULT_STATUS",
    "OTHER",
    "Action",
    "Count",
    "Ignore",
    "Policy",
    "Suppress",
    "Threshold",
    "Verdict",
]

_CACHE_SIZE = 4096
"""Cached pairs of a named category and a status; statuses are an open set."""


@dataclass(frozen=True, slots=True)
class Suppress:
    """The recipient must not be mailed again."""

    word: ClassVar[str] = "suppress"
    rule: str


@dataclass(frozen=True, slots=True)
class Count:
    """A soft bounce: `threshold.suppress_after` of them within `threshold.within` suppress."""

    word: ClassVar[str] = "count"
    rule: str
    threshold: Threshold


@dataclass(frozen=True, slots=True)
class Ignore:
    """The record is no reason to suppress the recipient."""

    word: ClassVar[str] = "ignore"
    rule: str


Verdict = Suppress | Count | Ignore


class Policy:
    """The rules of `[policy]` in the configuration; every verdict names its rule in the words found there.

    Args:
        rules: factory of the rules of classification, which refine PowerMTA's category before the decision, called
            for the first bounce; its argument tests whether a category matters. None: PowerMTA's categories stand.
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
        self._complaint = {
            name: _verdict(f"policy.complaint.{_key(name)}", action) for name, action in complaint.items()
        }
        self._other_complaint = self._complaint.get(OTHER) or Ignore(f"policy.complaint.{_key(OTHER)} is not set")
        self._status = [
            (_status_pattern(pattern), _verdict(f'policy.status."{pattern}"', action))
            for pattern, action in sorted(status.items(), key=lambda item: item[0].count("x"))
        ]
        self._list_hit = _verdict("policy.suppression_list_hit", suppression_list_hit)
        self._suppresses_list_hits = isinstance(self._list_hit, Suppress)
        self._cache: dict[tuple[str, str], Verdict] = {}
        self._build_rules = rules

    @cached_property
    def _rules(self) -> Rules | None:
        build = self._build_rules
        return build(lambda category: not isinstance(self.of_category(category), Ignore)) if build else None

    def decide(self, record: Bounce | Complaint | ListUnsubscribe | ListedAddress) -> Verdict:
        """The verdict on any record; a request, and an address fed by hand, always suppresses."""
        return (
            self.decide_batch(BounceBatch.from_rows((record,)))[0]
            if isinstance(record, Bounce)
            else self._of_other(record)
        )

    def decide_batch(self, bounces: BounceBatch) -> list[Verdict]:
        """The verdicts on many bounces, which is faster than one by one."""
        rules = self._rules
        refined = [None] * len(bounces) if rules is None else rules.refine_batch(bounces)
        hits = _list_hits(bounces)
        if not hits and not any(refined):
            return self._of_causes(list(zip(bounces.categories, bounces.codes, strict=True)))
        return [
            self._of_list_hit(bounce) if index in hits else self._of_refined(bounce, refinement)
            for index, (bounce, refinement) in enumerate(zip(bounces, refined, strict=True))
        ]

    def _of_list_hit(self, bounce: Bounce) -> Verdict:
        verdict = self.of_category(bounce.category)
        return self._list_hit if self._suppresses_list_hits or not isinstance(verdict, Ignore) else verdict

    def _of_refined(self, bounce: Bounce, refined: Refined | None) -> Verdict:
        if refined is None:
            return self._of_cause(bounce.category, status_text(bounce.status))
        verdict = self._of_cause(refined.category, status_text(bounce.status))
        return replace(verdict, rule=f"{verdict.rule}, by {refined.rule}")

    def _of_causes(self, causes: Sequence[tuple[str, str]]) -> list[Verdict]:
        """The verdicts on pairs of a category and a status."""
        cached = map(self._cache.get, causes)
        return [verdict or self._of_cause(*cause) for verdict, cause in zip(cached, causes, strict=True)]

    def _of_cause(self, category: str, code: str) -> Verdict:
        """The verdict on a category and a status; cached, since few pairs make up most rows."""
        verdict = self._cache.get((category, code))
        if verdict is None:
            verdict = self.of_category(category)
            if isinstance(verdict, Suppress):
                verdict = self._by_status(verdict, code)
            if len(self._cache) < _CACHE_SIZE and category in self._bounce:
                self._cache[category, code] = verdict
        return verdict

    def of_category(self, category: str) -> Verdict:
        """The verdict on the category alone, final where `is_settled`."""
        return self._bounce.get(category, self._other)

    def is_settled(self, category: str) -> bool:
        """Whether records of this category are ignored, whatever else they hold."""
        if self._suppresses_list_hits or not isinstance(self.of_category(category), Ignore):
            return False
        return self._rules is None or not self._rules.concerns(category)

    def refined(self, bounce: Bounce) -> Refined | None:
        """The category that a rule of classification sets; None: PowerMTA's stands.

        A hit of PowerMTA's own suppression list has a setting of its own.
        """
        return None if self._rules is None or _is_list_hit(bounce) else self._rules.refine(bounce)

    @property
    def counts(self) -> bool:
        """Whether any rule counts soft bounces, so that deliveries matter."""
        verdicts = (self._other, *self._bounce.values(), *(verdict for _, verdict in self._status))
        return any(isinstance(verdict, Count) for verdict in verdicts)

    def _of_other(self, record: Complaint | ListUnsubscribe | ListedAddress) -> Verdict:
        if isinstance(record, Complaint):
            return self._complaint.get(record.feedback_type, self._other_complaint)
        if isinstance(record, ListUnsubscribe):
            return Suppress("a List-Unsubscribe request always suppresses")
        return Suppress("a list fed by hand always suppresses")

    def _by_status(self, verdict: Suppress, code: str) -> Verdict:
        """The verdict on a status where the category suppresses."""
        by_status = next((rule for pattern, rule in self._status if pattern.fullmatch(code)), verdict)
        return verdict if isinstance(by_status, Suppress) else by_status


def _is_list_hit(bounce: Bounce) -> bool:
    """Whether PowerMTA refused the message itself: `5.7.1 ... recipient is in suppression list`."""
    return _names_suppression_list(bounce.status_text) or _names_suppression_list(bounce.diagnostic)


def _list_hits(bounces: BounceBatch) -> Collection[int]:
    """Indices of list hits; nearly always none, which one search of all texts together proves."""
    if "uppression" not in "\n".join((*bounces.status_texts, *bounces.diagnostics)):
        return ()
    return {index for index, bounce in enumerate(bounces) if _is_list_hit(bounce)}


def _names_suppression_list(text: str) -> bool:
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

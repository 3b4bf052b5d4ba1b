"""Classification rules: reads and validates the site's own file and the shipped one."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from bouncehandler.policy.classification import EVERY, Rule
from bouncehandler.settings.error_messages import problems_of, sentence, sentences, suggestion
from bouncehandler.settings.errors import ConfigurationError
from bouncehandler.settings.policy import category_name, status_pattern
from bouncehandler.settings.sections import Section, host_pattern
from bouncehandler.settings.sources import read_toml

_LEAST_WORD = 3  # characters: less stands in nearly every text; where characters are words, 2 will do


class RuleSet(NamedTuple):
    """Rules in force, in the order of their evaluation."""

    rules: tuple[Rule, ...]
    version: str
    """Twelve hex digits, a digest of all rules."""


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,59}", text):
        raise ValueError("must be a name of at most 60 characters: a to z, 0 to 9 and -, such as gmail-2020")
    return text


def _becomes(text: str) -> str:
    if text == EVERY or text.strip() != text:
        raise ValueError('must be the name of one category, such as policy-related, or "" to switch a shipped rule off')
    return category_name(text)


def _phrase(pattern: str) -> str:
    words = [part.strip() for part in pattern.split(EVERY)]
    if all(len(word) < _LEAST_WORD - (not word.isascii()) for word in words):
        raise ValueError(f"must hold a word of at least {_LEAST_WORD} characters, or it would fit nearly every text")
    return pattern


def _moment(value: object) -> object:
    """Validate an aware time; the default offset is UTC, the default time midnight."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        at = None
    if isinstance(at, date) and not isinstance(at, datetime):
        at = datetime.combine(at, time())
    if not isinstance(at, datetime):
        raise ValueError("must be a time such as 2020-12-14T22:16:00Z")  # noqa: TRY004  # pydantic's way to a sentence
    return at if at.tzinfo else at.replace(tzinfo=UTC)


_Texts = BeforeValidator(_listed)
_Moment = Annotated[datetime, BeforeValidator(_moment)]
_Statuses = Annotated[list[Annotated[str, AfterValidator(status_pattern)]], _Texts]
_Phrases = Annotated[list[Annotated[str, AfterValidator(_phrase)]], _Texts]


class RuleSection(Section):
    """`[[rule]]`: see the head of `config/rules.toml`."""

    name: Annotated[str, AfterValidator(_name)]
    becomes: Annotated[str, AfterValidator(_becomes)]
    why: str = ""
    category: Annotated[list[Annotated[str, AfterValidator(category_name)]], _Texts, Field(min_length=1)] = Field(
        default_factory=lambda: [EVERY]
    )
    status: _Statuses = Field(default_factory=list)
    not_status: _Statuses = Field(default_factory=list)
    text: _Phrases = Field(default_factory=list)
    not_text: _Phrases = Field(default_factory=list)
    host: Annotated[list[Annotated[str, AfterValidator(host_pattern)]], _Texts] = Field(default_factory=list)
    begins: _Moment | None = Field(default=None, alias="from")
    ends: _Moment | None = Field(default=None, alias="until")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if not self.becomes:
            more = sorted(self.model_fields_set - {"name", "becomes", "why"})
            if more:
                raise ValueError(f'becomes = "" switches a shipped rule off; take {", ".join(map(_key, more))} away')
            return self
        if not self.why.strip():
            raise ValueError("why is missing; describe in a sentence what was observed, and where")
        if not (self.status or self.text or self.host):
            raise ValueError("needs status, text or host; actions for a whole category belong in [policy.bounce]")
        if self.begins and self.ends and self.begins >= self.ends:
            raise ValueError("until must be later than from")
        return self

    def rule(self) -> Rule:
        """Convert to a rule of the policy."""
        names = ("category", "status", "not_status", "text", "not_text", "host")
        lists = {name: tuple(getattr(self, name)) for name in names}
        return Rule(name=self.name, becomes=self.becomes, why=self.why, begins=self.begins, ends=self.ends, **lists)


class _File(Section):
    """Rule file, which holds nothing but rules."""

    rule: list[dict[str, Any]] = Field(default_factory=list)


def shipped_file() -> Path:
    """File of the rules that come with the program: beside this module, or in `config/` of the source."""
    beside = Path(__file__).with_name("rules.toml")
    return beside if beside.is_file() else Path(__file__).parents[2] / "config" / "rules.toml"


def read_rules(site: Path | None = None, *, has_shipped: bool = True, shipped: Path | None = None) -> RuleSet:
    """Read the rules in force: those of the site's own file, then the shipped ones that it neither replaces nor drops.

    Args:
        site: the site's own file, where it has one.
        has_shipped: whether the file that came with the program is read.
        shipped: read instead of that file.

    Raises:
        ConfigurationError: a file can't be read, or a rule in it is wrong; one sentence for each problem.
    """
    ours = _read(shipped or shipped_file()) if has_shipped else []
    own = _read(site) if site else []
    if site:
        _refuse_unknown(site, own, [section.name for section in ours])
    named = {section.name for section in own}
    rules = [section.rule() for section in own if section.becomes]
    rules += [section.rule() for section in ours if section.name not in named]
    return RuleSet(tuple(rules), blake2b(repr(rules).encode(), digest_size=6).hexdigest())


def _read(file: Path) -> list[RuleSection]:
    tables = _tables(file)
    sections, problems = [], []
    for number, table in enumerate(tables, 1):
        called = table.get("name")
        label = called if isinstance(called, str) and re.fullmatch(r"[a-z0-9-]{1,60}", called) else str(number)
        try:
            sections.append(RuleSection.model_validate(table))
        except ValidationError as error:
            problems += _sentences(error, f"{file}, rule {label}", map(_key, RuleSection.model_fields))
    if problems:
        raise ConfigurationError("\n".join(problems))
    _refuse_twice(file, [section.name for section in sections])
    return sections


def _tables(file: Path) -> list[dict[str, Any]]:
    try:
        return _File.model_validate(read_toml(file, "the rule file")).rule
    except ValidationError as error:
        raise ConfigurationError("\n".join(_sentences(error, str(file), _File.model_fields))) from None


def _sentences(error: ValidationError, source: str, known: Iterable[str]) -> list[str]:
    return sentences(problems_of(error), known=lambda _: known, source=lambda _: source, mending={})


def _key(name: str) -> str:
    """Key of a rule, as it is written."""
    return RuleSection.model_fields[name].alias or name


def _refuse_twice(file: Path, names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        text = "is the name of more than one rule; reports could not distinguish them"
        raise ConfigurationError("\n".join(sentence(f"{file}, rule {name}", ("name",), text) for name in twice))


def _refuse_unknown(file: Path, own: Iterable[RuleSection], shipped: Sequence[str]) -> None:
    """Refuse to switch off a rule that does not exist: a misspelt one would stay in force."""
    problems = []
    for section in own:
        if not section.becomes and section.name not in shipped:
            hint = suggestion(section.name, shipped)
            text = "is empty, which switches a shipped rule off, but none has this name" + (f"; {hint}" if hint else "")
            problems.append(sentence(f"{file}, rule {section.name}", ("becomes",), text))
    if problems:
        raise ConfigurationError("\n".join(problems))

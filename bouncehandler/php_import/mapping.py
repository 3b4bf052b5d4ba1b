"""What each of the PHP handler's settings becomes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bouncehandler.php_import import messages
from bouncehandler.php_import.php import Script, SkippedSetting, Value
from bouncehandler.php_import.toml_writer import Table, TomlValue
from bouncehandler.policy import DEFAULT_BOUNCE, OTHER

_CATEGORIES = "$bounceCategories"
_TIMEOUT = "ENDPOINT_TIMEOUT"
_TRANSACTIONAL = "$origTransactional"
_LONGEST_TIMEOUT = 86_400  # seconds
_LONGEST_SENDERS = 10_000


class _Manager(NamedTuple):
    """A list manager that the PHP handler knew, in its own words."""

    name: str
    keys: Mapping[str, str]
    """Its keys here, by the constants there."""
    senders: str


_MANAGERS = (  # in the order in which the PHP handler asked whose a bounce is: the first got it
    _Manager(
        "mailwizz",
        {
            "MAILWIZZ_ENDPOINT_URL": "url",
            "MAILWIZZ_API_PUBLIC_KEY": "public_key",
            "MAILWIZZ_API_PRIVATE_KEY": "private_key",
        },
        "$origMailWizzZA",
    ),
    _Manager(
        "interspire",
        {"INTERSPIRE_ENDPOINT_URL": "url", "INTERSPIRE_USER_ID": "username", "INTERSPIRE_API_KEY": "token"},
        "$origInterspire",
    ),
)
_EXAMPLES = {"MY_API_KEY", "MY_PUBLIC_KEY", "MY_PRIVATE_KEY"}
_KNOWN = {
    _CATEGORIES,
    *messages.COUNTERPARTS,
    *(name for manager in _MANAGERS for name in (*manager.keys, manager.senders)),
}


@dataclass(frozen=True, slots=True)
class ImportResult:
    """A configuration, and what is to be said of it."""

    opening: tuple[str, ...]
    tables: tuple[Table, ...]
    told: tuple[str, ...]
    """What was left out, has no counterpart, or is in doubt: a sentence each, which holds no key and no address."""


def moved(script: Script) -> ImportResult | None:
    """The configuration for the settings of a file; None where it has none of the PHP handler's."""
    lost = {left.name: left for left in script.skipped}
    if not _KNOWN & (script.settings.keys() | lost.keys()):
        return None
    mapping = _Mapping(script, lost)
    tables = tuple(mapping.tables())
    told = (*mapping.told, *_without_counterpart(script), *_left_out(script.skipped))
    return ImportResult(
        (*messages.OPENING, "", "What is done differently here:", *_listed(messages.DIFFERENCES)), tables, told
    )


def _listed(sentences: Sequence[str]) -> list[str]:
    return [f"* {sentence}" for sentence in sentences]


class _Mapping:
    """Makes the tables, and remembers what is to be told."""

    def __init__(self, script: Script, lost: Mapping[str, SkippedSetting]) -> None:
        self._script = script
        self._lost = lost
        self._taken: set[str] = set(self._texts(_TRANSACTIONAL))
        """Senders whose bounces went to an earlier one alone."""
        self.told: list[str] = []

    def tables(self) -> Iterator[Table]:
        """All of the configuration, in the order of the sample."""
        url = "sqlite:////var/lib/bouncehandler/spool.db"
        yield Table("[spool]", (("url", url),), (messages.SPOOL,), is_active=False)
        if _CATEGORIES in self._script.settings:
            yield policy(self._texts(_CATEGORIES))
        yield Table("[notify]", (("to", ["postmaster@example.com"]),), (messages.NOTIFY,), is_active=False)
        providers = [table for manager in _MANAGERS if (table := self._provider(manager))]
        if any(table.head == "[providers.mailwizz]" and table.is_active for table in providers):
            values = (
                ("domain", "fbl-unsub.example.com"),
                ("pattern", "{subscriber}.{list}.{campaign}"),
                ("provider", "mailwizz"),
            )
            yield Table("[[unsubscribe]]", values, (messages.UNSUBSCRIBE,), is_active=False)
        yield from providers

    def _provider(self, manager: _Manager) -> Table | None:
        """The list manager's table; None where the PHP handler did without it."""
        found = {name: self._value(name) for name in manager.keys}
        missing = [name for name, value in found.items() if not (isinstance(value, str) and value)]
        if missing:
            self._taken.update(self._texts(manager.senders))
            return self._incomplete(manager, found, missing) if len(missing) < len(found) else None
        for name, value in found.items():
            if value in _EXAMPLES:
                self.told.append(f"{name}: {messages.EXAMPLE_VALUE}")
        texts: list[tuple[str, TomlValue]] = [(manager.keys[name], str(value)) for name, value in found.items()]
        senders, doubt = self._senders(manager)
        said = [*(messages.MAILWIZZ if manager.name == "mailwizz" else ()), *doubt]
        if str(found[next(iter(manager.keys))]).lower().startswith("http:"):
            said.append(messages.PLAIN_HTTP)
        values = [("type", manager.name), *texts, ("originators", senders), *self._timeout(manager)]
        return Table(f"[providers.{manager.name}]", values, said)

    def _incomplete(self, manager: _Manager, found: Mapping[str, Value], missing: Sequence[str]) -> Table:
        """A list manager that lacks a value: shown, so that it can be put in."""
        self.told.append(f"{manager.name}: left out, since {' and '.join(missing)} has no value that is known")
        texts = [(key, "" if name in missing else str(found[name])) for name, key in manager.keys.items()]
        values = [("type", manager.name), *texts, ("originators", self._texts(manager.senders))]
        return Table(f"[providers.{manager.name}]", values, (messages.INCOMPLETE,), is_active=False)

    def _timeout(self, manager: _Manager) -> Iterator[tuple[str, TomlValue]]:
        seconds = self._value(_TIMEOUT)
        if manager.name != "interspire" or seconds is None:
            return
        if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit():
            seconds = int(seconds[:9])
        if isinstance(seconds, int) and not isinstance(seconds, bool) and 0 < seconds <= _LONGEST_TIMEOUT:
            yield "timeout", f"{seconds}s"
        else:
            self.told.append(f"{_TIMEOUT}: is no number of seconds; the default holds")

    def _senders(self, manager: _Manager) -> tuple[list[str], list[str]]:
        """Whose bounces it gets, and what is to be said of that."""
        usable, refused = [], 0
        for sender in self._texts(manager.senders):
            if sender and not _is_sender(sender):
                refused += 1
            elif sender in self._taken:
                self.told.append(
                    f"{manager.senders}: a sender is left out that an earlier list has, which got its bounces"
                )
            elif sender:
                usable.append(sender)
        self._taken.update(usable)
        if refused:
            what = "1 entry" if refused == 1 else f"{refused} entries"
            self.told.append(f"{manager.senders}: {what} left out, which no bounce could equal")
        if usable:
            return usable, []
        return [messages.NOBODY], [messages.UNCERTAIN_SENDERS if manager.senders in self._lost else messages.NO_SENDERS]

    def _value(self, name: str) -> Value:
        return self._script.settings[name].value if name in self._script.settings else None

    def _texts(self, name: str) -> list[str]:
        """The texts of an array, or the one text that stands in its place."""
        value = self._value(name)
        many = list(value.values()) if isinstance(value, dict) else [value]
        return list(dict.fromkeys(text for text in many[:_LONGEST_SENDERS] if isinstance(text, str)))


def _is_sender(sender: str) -> bool:
    """Whether a bounce could have had this sender; the PHP handler knew no patterns, so that a `*` is none."""
    local, _, domain = sender.partition("@")
    return bool(local and domain) and not any(char.isspace() or char == "*" for char in sender)


def _without_counterpart(script: Script) -> Iterator[str]:
    for name, setting in script.settings.items():
        if name in messages.COUNTERPARTS and setting.value not in (None, "", {}, {0: ""}):
            yield f"line {setting.line}: {name}: {messages.COUNTERPARTS[name]}"
        elif name.startswith("PORT25_OFFSET_"):
            yield f"line {setting.line}: {name}: {messages.OFFSET}"
        elif name not in _KNOWN:
            yield f"line {setting.line}: {name}: {messages.UNKNOWN}"


def _left_out(skipped: Sequence[SkippedSetting]) -> Iterator[str]:
    """The settings that were left out, line by line; then the code, which may say anything, by what it is."""
    code: dict[str, list[int]] = {}
    for left in skipped:
        if left.name:
            yield f"line {left.line}: {left.name}: left out, {left.why}"
        else:
            code.setdefault(left.why, []).append(left.line)
    for what, lines in code.items():
        numbers = ", ".join(map(str, lines[:5])) + (" and others" if len(lines) > 5 else "")  # noqa: PLR2004  # enough
        yield f"line{'' if len(lines) == 1 else 's'} {numbers}: {what} is code, and was not looked into"


_LONGEST = 100  # characters: a category of PowerMTA has 20


def policy(categories: Sequence[str]) -> Table:
    """The table for the categories that the old handler suppressed at once; it ignored all others.

    A category that the defaults suppress, and the old handler did not, is ignored. Where the defaults wait for more
    bounces, or ignore, they hold, and the old verdict stands beside them with a `#` before it.
    """
    if not categories:
        return Table("[policy.bounce]", (), (messages.EVERY_CATEGORY,), is_active=False)
    wanted = [name for name in dict.fromkeys(categories) if _is_category(name)]
    active = [(name, "suppress") for name in wanted if name not in DEFAULT_BOUNCE]
    active += [
        (name, "ignore") for name, action in DEFAULT_BOUNCE.items() if action == "suppress" and name not in wanted
    ]
    doubted = [(name, "suppress") for name in wanted if DEFAULT_BOUNCE.get(name, "suppress") != "suppress"]
    counted = [
        (name, "ignore")
        for name, action in DEFAULT_BOUNCE.items()
        if action not in {"suppress", "ignore"} and name not in wanted
    ]
    return Table("[policy.bounce]", active, tuple(_said(active, doubted, counted)), (*doubted, *counted))


def _is_category(name: str) -> bool:
    return bool(name.strip()) and name != OTHER and len(name) <= _LONGEST


def _said(
    active: Sequence[tuple[str, str]], doubted: Sequence[tuple[str, str]], counted: Sequence[tuple[str, str]]
) -> Iterator[str]:
    yield "From $bounceCategories. bad-mailbox, bad-domain and inactive-mailbox suppress at once, unless ignored below."
    if any(action == "ignore" for _, action in active):
        yield "Ignored, as before: what suppresses here by default, and was not in $bounceCategories."
    if any(action == "suppress" for _, action in active):
        yield "Suppressed, as before: categories that are not PowerMTA's own."
    if doubted:
        yield (
            f"{_names(doubted)} suppressed at once before. Here such a bounce is soft or ignored, since it often says "
            "nothing about the mailbox; take the # away for the old way."
        )
    if counted:
        yield (
            f"{_names(counted)} did nothing before. Here several within three weeks suppress; take the # away for the "
            "old way."
        )


def _names(rules: Sequence[tuple[str, str]]) -> str:
    return ", ".join(name for name, _ in rules)

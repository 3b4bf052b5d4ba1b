"""Maps the PHP handler's settings to tables of a configuration."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bouncehandler.php_import import messages
from bouncehandler.php_import.php import Script, SkippedSetting, Value
from bouncehandler.php_import.toml_writer import TomlTable, TomlValue
from bouncehandler.policy import DEFAULT_BOUNCE, OTHER

_CATEGORIES = "$bounceCategories"
_TIMEOUT = "ENDPOINT_TIMEOUT"
_TRANSACTIONAL = "$origTransactional"
_MAX_TIMEOUT = 86_400  # seconds
_MAX_ENTRIES = 10_000


class _ListManager(NamedTuple):
    """A list manager of the PHP handler, with the names of its settings."""

    name: str
    keys: Mapping[str, str]
    """Configuration keys by PHP constant."""
    senders: str
    """The PHP variable with its senders."""


_MANAGERS = (  # in the order of the PHP handler, whose first match got a bounce
    _ListManager(
        "mailwizz",
        {
            "MAILWIZZ_ENDPOINT_URL": "url",
            "MAILWIZZ_API_PUBLIC_KEY": "public_key",
            "MAILWIZZ_API_PRIVATE_KEY": "private_key",
        },
        "$origMailWizzZA",
    ),
    _ListManager(
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
    """A configuration, and the settings that need attention."""

    opening: tuple[str, ...]
    """Comments at the beginning of the configuration."""
    tables: tuple[TomlTable, ...]
    warnings: tuple[str, ...]
    """A sentence for each setting that was skipped, has no counterpart, or is uncertain; without keys and addresses."""


def import_settings(script: Script) -> ImportResult | None:
    """Convert the settings of a file; None where it has none of the PHP handler's."""
    skipped = {setting.name for setting in script.skipped}
    if not _KNOWN & (script.settings.keys() | skipped):
        return None
    mapping = _Mapping(script, skipped)
    tables = tuple(mapping.tables())
    warnings = (*mapping.warnings, *_without_counterpart(script), *_skipped(script.skipped))
    differences = (f"* {sentence}" for sentence in messages.DIFFERENCES)
    return ImportResult((*messages.OPENING, "", "Differences from the PHP handler:", *differences), tables, warnings)


class _Mapping:
    def __init__(self, script: Script, skipped: Collection[str]) -> None:
        self._script = script
        self._skipped = skipped
        self._used: set[str] = set(self._texts(_TRANSACTIONAL))
        """Senders of earlier lists, which alone got their bounces."""
        self.warnings: list[str] = []

    def tables(self) -> Iterator[TomlTable]:
        """Build all tables, in the order of the sample configuration."""
        url = "sqlite:////var/lib/bouncehandler/spool.db"
        yield TomlTable("[spool]", (("url", url),), (messages.SPOOL,), is_active=False)
        if _CATEGORIES in self._script.settings:
            yield policy_table(self._texts(_CATEGORIES))
        yield TomlTable("[notify]", (("to", ["postmaster@example.com"]),), (messages.NOTIFY,), is_active=False)
        providers = [table for manager in _MANAGERS if (table := self._provider(manager))]
        if any(table.head == "[providers.mailwizz]" and table.is_active for table in providers):
            values = (
                ("domain", "fbl-unsub.example.com"),
                ("pattern", "{subscriber}.{list}.{campaign}"),
                ("provider", "mailwizz"),
            )
            yield TomlTable("[[unsubscribe]]", values, (messages.UNSUBSCRIBE,), is_active=False)
        yield from providers

    def _provider(self, manager: _ListManager) -> TomlTable | None:
        """Build the table of a list manager; None where the PHP handler has no settings for it."""
        found = {name: self._value(name) for name in manager.keys}
        missing = [name for name, value in found.items() if not (isinstance(value, str) and value)]
        if missing:
            self._used.update(self._texts(manager.senders))
            return self._incomplete(manager, found, missing) if len(missing) < len(found) else None
        for name, value in found.items():
            if value in _EXAMPLES:
                self.warnings.append(f"{name}: {messages.EXAMPLE_VALUE}")
        texts: list[tuple[str, TomlValue]] = [(manager.keys[name], str(value)) for name, value in found.items()]
        senders, sender_notes = self._senders(manager)
        notes = [*(messages.MAILWIZZ if manager.name == "mailwizz" else ()), *sender_notes]
        if str(found[next(iter(manager.keys))]).lower().startswith("http:"):
            notes.append(messages.PLAIN_HTTP)
        values = [("type", manager.name), *texts, ("originators", senders), *self._timeout(manager)]
        return TomlTable(f"[providers.{manager.name}]", values, notes)

    def _incomplete(self, manager: _ListManager, found: Mapping[str, Value], missing: Sequence[str]) -> TomlTable:
        """Build the inactive table of a list manager that lacks values, to be completed by hand."""
        self.warnings.append(f"{manager.name}: left out, since {' and '.join(missing)} has no known value")
        texts = [(key, "" if name in missing else str(found[name])) for name, key in manager.keys.items()]
        values = [("type", manager.name), *texts, ("originators", self._texts(manager.senders))]
        return TomlTable(f"[providers.{manager.name}]", values, (messages.INCOMPLETE,), is_active=False)

    def _timeout(self, manager: _ListManager) -> Iterator[tuple[str, TomlValue]]:
        seconds = self._value(_TIMEOUT)
        if manager.name != "interspire" or seconds is None:
            return
        if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit():
            seconds = int(seconds[:9])
        if isinstance(seconds, int) and not isinstance(seconds, bool) and 0 < seconds <= _MAX_TIMEOUT:
            yield "timeout", f"{seconds}s"
        else:
            self.warnings.append(f"{_TIMEOUT}: is no number of seconds; the default holds")

    def _senders(self, manager: _ListManager) -> tuple[list[str], list[str]]:
        """Return the originators of a list manager, and comments on them."""
        usable, invalid = [], 0
        for sender in self._texts(manager.senders):
            if sender and not _is_sender(sender):
                invalid += 1
            elif sender in self._used:
                self.warnings.append(
                    f"{manager.senders}: a sender is left out that an earlier list has, which got its bounces"
                )
            elif sender:
                usable.append(sender)
        self._used.update(usable)
        if invalid:
            entries = "1 entry" if invalid == 1 else f"{invalid} entries"
            self.warnings.append(f"{manager.senders}: {entries} left out, which no sender can equal")
        if usable:
            return usable, []
        return [messages.NO_SENDER], [
            messages.UNCERTAIN_SENDERS if manager.senders in self._skipped else messages.NO_SENDERS
        ]

    def _value(self, name: str) -> Value:
        return self._script.settings[name].value if name in self._script.settings else None

    def _texts(self, name: str) -> list[str]:
        """Return the texts of an array, or a single text in its place."""
        value = self._value(name)
        entries = list(value.values()) if isinstance(value, dict) else [value]
        return list(dict.fromkeys(text for text in entries[:_MAX_ENTRIES] if isinstance(text, str)))


def _is_sender(sender: str) -> bool:
    """Whether this is a valid sender; the PHP handler had no patterns, so `*` is invalid."""
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


def _skipped(skipped: Sequence[SkippedSetting]) -> Iterator[str]:
    """Yield a sentence for each skipped setting; then one for each kind of code, with its lines."""
    code: dict[str, list[int]] = {}
    for setting in skipped:
        if setting.name:
            yield f"line {setting.line}: {setting.name}: left out, {setting.why}"
        else:
            code.setdefault(setting.why, []).append(setting.line)
    for kind, lines in code.items():
        numbers = ", ".join(map(str, lines[:5])) + (" and others" if len(lines) > 5 else "")  # noqa: PLR2004  # enough
        yield f"line{'' if len(lines) == 1 else 's'} {numbers}: {kind} is code, which is not run"


_MAX_CATEGORY = 100  # characters: a category of PowerMTA has 20


def policy_table(categories: Sequence[str]) -> TomlTable:
    """Build the policy table from the categories that the PHP handler suppressed at once; it ignored all others.

    A category that the defaults suppress, and the PHP handler did not, is ignored. Where the defaults count or ignore,
    they stay in force, and the former verdict is added as a comment.
    """
    if not categories:
        return TomlTable("[policy.bounce]", (), (messages.EVERY_CATEGORY,), is_active=False)
    suppressed = [name for name in dict.fromkeys(categories) if _is_category(name)]
    active = [(name, "suppress") for name in suppressed if name not in DEFAULT_BOUNCE]
    active += [
        (name, "ignore") for name, action in DEFAULT_BOUNCE.items() if action == "suppress" and name not in suppressed
    ]
    softer = [(name, "suppress") for name in suppressed if DEFAULT_BOUNCE.get(name, "suppress") != "suppress"]
    counted = [
        (name, "ignore")
        for name, action in DEFAULT_BOUNCE.items()
        if action not in {"suppress", "ignore"} and name not in suppressed
    ]
    return TomlTable("[policy.bounce]", active, tuple(_policy_comments(active, softer, counted)), (*softer, *counted))


def _is_category(name: str) -> bool:
    return bool(name.strip()) and name != OTHER and len(name) <= _MAX_CATEGORY


def _policy_comments(
    active: Sequence[tuple[str, str]], softer: Sequence[tuple[str, str]], counted: Sequence[tuple[str, str]]
) -> Iterator[str]:
    yield "From $bounceCategories. bad-mailbox, bad-domain and inactive-mailbox suppress at once, unless ignored below."
    if any(action == "ignore" for _, action in active):
        yield "Ignored, as before: what suppresses here by default, and was not in $bounceCategories."
    if any(action == "suppress" for _, action in active):
        yield "Suppressed, as before: categories that are not PowerMTA's own."
    if softer:
        yield (
            f"{_names(softer)} suppressed at once before. Here such a bounce is soft or ignored, since it often means "
            "nothing about the mailbox; take the # away for the old way."
        )
    if counted:
        yield (
            f"{_names(counted)} did nothing before. Here several within three weeks suppress; take the # away for the "
            "old way."
        )


def _names(rules: Sequence[tuple[str, str]]) -> str:
    return ", ".join(name for name, _ in rules)

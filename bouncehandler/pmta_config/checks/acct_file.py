"""The `<acct-file>` blocks: files and pipes, with their record types and columns."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from bouncehandler.pmta_config.parser import split_words
from bouncehandler.pmta_config.tree import Block, Configuration

_TYPES = {
    "b": ("b", "bounce", "bounces", "bounced"),
    "rb": ("rb", "remote-bounce", "remote-bounces"),
    "f": ("f", "feedback-loop", "feedback-loops"),
    "d": ("d", "delivery", "deliveries", "delivered"),
    "t": ("t", "transient", "transients"),
    "tq": ("tq", "transient-queue"),
    "r": ("r", "receipt", "receipts", "received"),
    "rs": ("rs", "remote-status"),
}
_SHORT = {word: short for short, known in _TYPES.items() for word in known}
OPTIONS_WITH_VALUE = frozenset({"--config", "--logfile", "--color"})
"""Options of this program that are followed by a value, before the name of a command."""
_NAME, _PHP_HANDLER = "bouncehandler", "bouncehandler.php"


def record_type(word: str) -> str:
    """Return the short code of a record type; an unknown one in lower case."""
    return _SHORT.get(word.lower(), word.lower())


@dataclass(frozen=True)
class Command:
    """A command line that PowerMTA executes without a shell."""

    words: tuple[str, ...]

    @property
    def program(self) -> str:
        """The executable; empty for an empty command."""
        return self.words[0] if self.words else ""

    @property
    def is_ours(self) -> bool:
        """Whether it runs this program, directly or through Python."""
        return self._start > 0

    @property
    def is_php_handler(self) -> bool:
        """Whether it runs the PHP handler."""
        return any(posixpath.basename(word) == _PHP_HANDLER for word in self.words)

    @property
    def arguments(self) -> tuple[str, ...]:
        """The arguments of this program."""
        return self.words[self._start :]

    @property
    def name(self) -> str:
        """The command of this program; empty for the default one, which reads accounting records."""
        rest = iter(self.arguments)
        for word in rest:
            if word in OPTIONS_WITH_VALUE:
                next(rest, "")
            elif not word.startswith("-"):
                return word
        return ""

    def has(self, flag: str) -> bool:
        """Whether the arguments contain a flag."""
        return flag in self.arguments

    def option(self, name: str) -> str:
        """Return the value of `--name value` or `--name=value`; empty where it is missing."""
        arguments = self.arguments
        for at, word in enumerate(arguments):
            if word.startswith(f"{name}="):
                return word.partition("=")[2]
            if word == name:
                return arguments[at + 1] if at + 1 < len(arguments) else ""
        return ""

    @cached_property
    def _start(self) -> int:
        """Index of this program's first argument; 0 where the command runs another one."""
        for at, word in enumerate(self.words):
            is_module = at > 0 and self.words[at - 1] == "-m" and word == _NAME
            if is_module or posixpath.basename(word) == _NAME:
                return at + 1
        return 0


@dataclass(frozen=True)
class AcctFile:
    """One `<acct-file>`."""

    block: Block
    command: Command | None
    """None for a file on disk."""
    records: frozenset[str] | None
    """Short codes; None without the directive `records`."""
    fields: Mapping[str, frozenset[str]]
    """Columns by record type, in lower case, which may contain `*`; a type without `record-fields` is absent."""
    recipients: frozenset[str]
    """Headers that `map-header-to-field` maps to a complaint's `rcpt`, in lower case."""

    @property
    def is_live_pipe(self) -> bool:
        """Whether it feeds this program, other than for a dry run."""
        command = self.command
        return bool(command and command.is_ours and not command.has("--dry-run"))

    def carries(self, kind: str) -> bool:
        """Whether `records` contains this type."""
        return kind in (self.records or ())


def parse_acct_files(configuration: Configuration) -> list[AcctFile]:
    """Parse every `<acct-file>`, in their order."""
    return [_parse_acct_file(block) for block in configuration.root.blocks("acct-file")]


def _parse_acct_file(block: Block) -> AcctFile:
    is_pipe = block.argument.startswith("|")
    fields: dict[str, frozenset[str]] = {}
    for directive in block.directives("record-fields"):
        kind, *columns = _split_list(directive.value) or [""]
        kind = record_type(kind)
        fields[kind] = fields.get(kind, frozenset()) | {column.lower() for column in columns}
    records = list(block.directives("records"))
    return AcctFile(
        block,
        Command(tuple(split_words(block.argument[1:]))) if is_pipe else None,
        frozenset(record_type(word) for directive in records for word in _split_list(directive.value))
        if records
        else None,
        fields,
        frozenset(_mapped_headers(block)),
    )


def _mapped_headers(block: Block) -> Iterator[str]:
    for directive in block.directives("map-header-to-field"):
        kind, header, field, *_ = (*directive.words, "", "", "")
        if record_type(kind) == "f" and field.lower() == "rcpt":
            yield header.lower()


def _split_list(text: str) -> list[str]:
    return [word for word in re.split(r'[\s,"]+', text) if word]

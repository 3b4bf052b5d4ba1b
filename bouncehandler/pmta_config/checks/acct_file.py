"""Where accounting goes: each `<acct-file>` as a file or a pipe, with its records and columns."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from bouncehandler.pmta_config.parser import words
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
VALUED = frozenset({"--config", "--logfile", "--color"})
"""Our options that a value follows, before the name of a command."""
_NAME, _OLD = "bouncehandler", "bouncehandler.php"


def record_type(word: str) -> str:
    """The short code of a record type, which PowerMTA's configuration may write out; what is unknown as it is."""
    return _SHORT.get(word.lower(), word.lower())


@dataclass(frozen=True)
class Command:
    """A command line that PowerMTA starts without a shell."""

    words: tuple[str, ...]

    @property
    def program(self) -> str:
        """What is started; empty for an empty command."""
        return self.words[0] if self.words else ""

    @property
    def is_ours(self) -> bool:
        """Whether it runs this program, by itself or through Python."""
        return self._at > 0

    @property
    def is_the_old_handler(self) -> bool:
        """Whether it runs the PHP handler."""
        return any(posixpath.basename(word) == _OLD for word in self.words)

    @property
    def arguments(self) -> tuple[str, ...]:
        """What our program is told."""
        return self.words[self._at :]

    @property
    def name(self) -> str:
        """The command that our program is given; empty for the bare one, which reads accounting."""
        rest = iter(self.arguments)
        for word in rest:
            if word in VALUED:
                next(rest, "")
            elif not word.startswith("-"):
                return word
        return ""

    def has(self, flag: str) -> bool:
        """Whether a flag is among the arguments."""
        return flag in self.arguments

    def option(self, name: str) -> str:
        """The value of `--name value` or `--name=value`; empty where it is not given."""
        arguments = self.arguments
        for at, word in enumerate(arguments):
            if word.startswith(f"{name}="):
                return word.partition("=")[2]
            if word == name:
                return arguments[at + 1] if at + 1 < len(arguments) else ""
        return ""

    @cached_property
    def _at(self) -> int:
        """Where our program's arguments begin; 0 where it is not ours."""
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
    """None where it is a file on disk."""
    records: frozenset[str] | None
    """Short codes; None where the block does not say."""
    fields: Mapping[str, frozenset[str]]
    """By record type the columns, in lower case, `*` among them; a type that the block does not speak of is absent."""
    recipients: frozenset[str]
    """Headers that `map-header-to-field` puts into a complaint's `rcpt`, in lower case."""

    @property
    def reads_for_us(self) -> bool:
        """Whether it feeds this program, and not only its shadow."""
        command = self.command
        return bool(command and command.is_ours and not command.has("--dry-run"))

    def carries(self, kind: str) -> bool:
        """Whether it says that it takes records of this type."""
        return kind in (self.records or ())


def acct_files(configuration: Configuration) -> list[AcctFile]:
    """Every `<acct-file>`, in order."""
    return [_acct_file(block) for block in configuration.root.blocks("acct-file")]


def _acct_file(block: Block) -> AcctFile:
    is_pipe = block.argument.startswith("|")
    fields: dict[str, frozenset[str]] = {}
    for directive in block.directives("record-fields"):
        kind, *columns = _listed(directive.value) or [""]
        kind = record_type(kind)
        fields[kind] = fields.get(kind, frozenset()) | {column.lower() for column in columns}
    said = list(block.directives("records"))
    return AcctFile(
        block,
        Command(tuple(words(block.argument[1:]))) if is_pipe else None,
        frozenset(record_type(word) for one in said for word in _listed(one.value)) if said else None,
        fields,
        frozenset(_mapped(block)),
    )


def _mapped(block: Block) -> Iterator[str]:
    for directive in block.directives("map-header-to-field"):
        kind, header, field, *_ = (*directive.words, "", "", "")
        if record_type(kind) == "f" and field.lower() == "rcpt":
            yield header.lower()


def _listed(text: str) -> list[str]:
    return [word for word in re.split(r'[\s,"]+', text) if word]

"""PowerMTA's configuration as sites write it, and the exact message about each known mistake."""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncehandler.cli import _VALUED
from bouncehandler.cli.app import app
from bouncehandler.pmta_config.checks.acct_file import OPTIONS_WITH_VALUE, Command, parse_acct_files
from bouncehandler.pmta_config.generate import Installation, generate_blocks
from bouncehandler.pmta_config.lint import lint
from bouncehandler.pmta_config.messages import Severity
from bouncehandler.pmta_config.parser import parse
from bouncehandler.pmta_config.tree import Configuration

_FOLDER = Path(__file__).with_name("files")
_FILES = sorted(file.stem for file in _FOLDER.glob("*.conf"))
_SITE = Installation(
    "/opt/bouncehandler/bin/bouncehandler", domains=("fbl-unsub.example.com",), providers=frozenset({"mailwizz"})
)
_SIGNS = {Severity.WRONG: "FAIL", Severity.WARNING: "warn", Severity.FINE: "ok  "}


class Folder:
    """The files beside this test, by their names alone, so that complaints hold no path of this machine."""

    def read(self, path: str) -> str:
        """The text as it is, carriage returns and all."""
        with (_FOLDER / path).open(encoding="utf-8", newline="") as file:
            return file.read()

    def matching(self, pattern: str) -> list[str]:
        """In the order of the alphabet."""
        return sorted(str(file.relative_to(_FOLDER)) for file in _FOLDER.glob(pattern))


class Text:
    """One file of any text, which includes nothing."""

    def __init__(self, text: str) -> None:
        self._text = text

    def read(self, path: str) -> str:
        """The text for `config`; every other name is that of no file."""
        if path != "config":
            raise FileNotFoundError(2, "No such file or directory")
        return self._text

    def matching(self, pattern: str) -> list[str]:
        """Return nothing for any pattern."""
        return [pattern][:0]


def _messages(configuration: Configuration, site: Installation = _SITE) -> Iterator[str]:
    """Every remark that is not fine, with the lines to paste."""
    for remark in lint(configuration, site):
        if remark.severity is not Severity.FINE:
            yield f"{_SIGNS[remark.severity]}  {remark.location or 'missing'}: {remark.sentence}"
            yield from (f"        {line}" for line in remark.paste)


def _lines(text: str) -> list[str]:
    return list(_messages(parse("config", Text(text))))


@pytest.mark.parametrize("name", _FILES)
def test_each_configuration_is_reported_exactly_what_is_wrong(name: str) -> None:
    """A good configuration gets no complaint; each mistake gets its own, with file, line and the lines to paste."""
    expected = (_FOLDER / f"{name}.txt").read_text()
    assert "".join(f"{line}\n" for line in _messages(parse(f"{name}.conf", Folder()))) == expected
    assert bool(expected) is not name.startswith("good")


def test_there_are_configurations_enough() -> None:
    """The parametrised test above has something to do."""
    assert len(_FILES) >= 25


def test_what_is_printed_is_what_is_wanted() -> None:
    """The blocks of every installation, read back, get no complaint."""
    sites = [
        _SITE,
        _SITE._replace(config="/etc/other.toml", logs="/srv/log", domains=()),
        _SITE._replace(providers=frozenset({"mailwizz", "interspire"}), domains=("a.example.com", "b.example.net")),
    ]
    for site in sites:
        read = parse("config", Text(generate_blocks(site)))
        assert list(_messages(read, site)) == []
        assert sum(file.is_live_pipe for file in parse_acct_files(read)) == 2


def test_interspire_needs_columns_of_its_own() -> None:
    """Columns that one list manager needs are asked for where it is configured, and not elsewhere."""
    text = generate_blocks(_SITE).replace(", header_X-Mailer-LID, header_X-Mailer-RecptId", "")
    read = parse("config", Text(text))
    assert list(_messages(read)) == []
    (complaint,) = [
        line for line in _messages(read, _SITE._replace(providers=frozenset({"interspire"}))) if "FAIL" in line
    ]
    assert "lacks header_X-Mailer-LID (Interspire's list" in complaint


def test_another_configuration_than_the_one_that_is_checked() -> None:
    """A pipe with another configuration is reported, since the checked one would not be used."""
    read = parse("config", Text(generate_blocks(_SITE)))
    message = list(_messages(read, _SITE._replace(config="/etc/mine.toml")))
    assert sum("another configuration than /etc/mine.toml" in line for line in message) == 3


def test_included_by_pattern_and_within_a_block() -> None:
    """A pattern includes files in the order of the alphabet; they belong to the block that includes them."""

    class Two(Text):
        def read(self, path: str) -> str:
            return {"config": "<source 10.0.0.1>\n include more/*.conf\n</source>"}.get(path, f"name {path}")

        def matching(self, pattern: str) -> list[str]:
            assert pattern == "more/*.conf"
            return ["more/a.conf", "more/b.conf"]

    read = parse("config", Two(""))
    (source,) = read.root.blocks("source")
    assert [(one.value, one.location.file, one.location.line) for one in source.directives("name")] == [
        ("more/a.conf", "more/a.conf", 1),
        ("more/b.conf", "more/b.conf", 1),
    ]


_PIECES = ["<acct-file |x", "<domain *>", "</domain>", "records b", "include config", '"', "\\", "#", ">", "\n", "\0"]


@given(st.lists(st.sampled_from(_PIECES) | st.text(max_size=20), max_size=40))
def test_no_text_is_too_strange(pieces: list[str]) -> None:
    """Any file gets an answer, each of its sentences on one line and of bounded length."""
    for text in (" ".join(pieces), "\n".join(pieces)):
        for remark in lint(parse("config", Text(text)), _SITE):
            assert "\n" not in remark.sentence
            assert len(remark.sentence) < 600


def test_options_with_values_are_known_wherever_a_command_is_looked_for() -> None:
    """Before a command's name PowerMTA's line may hold any option; its value is not taken for the name."""
    valued = {
        name
        for option in app.params
        if isinstance(option, click.Option) and not option.is_flag and not option.is_eager
        for name in option.opts
    }
    assert valued == OPTIONS_WITH_VALUE == set(_VALUED)
    command = Command(("/opt/bin/bouncehandler", "--color", "never", "unsubscribe", "--from", "$from"))
    assert command.name == "unsubscribe"

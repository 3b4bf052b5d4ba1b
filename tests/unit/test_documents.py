"""The documents agree with the program: sizes, links, names, configurations, blocks and the example adapter.

Their commands are run in `tests/acceptance/test_documented_commands.py`.
"""

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from bouncehandler import plugins
from bouncehandler.cli import exits
from bouncehandler.pmta_config.generate import Installation, generate_blocks
from bouncehandler.settings import load
from tests.documents import ADAPTER, ROOT, Block, blocks, documents, prose

_DOCUMENTS = documents()
_BYTES = 12_000
_LIMITS = {"README.md": 10_000, "tests/benchmarks/README.md": 20_000}
"""Bytes at most, where it is not `_BYTES`; the second is tables of measurements."""

_PMTA = re.compile(r"^(<acct-file|relay-domain)", re.MULTILINE)
_TOML = [block for block in blocks("toml") if "project.entry-points" not in block.text]
_MADE_OF_PARTS = {"would_suppress", "would_hold"}
"""Events with names that stand nowhere in one piece."""
_FOLDERS = ("bouncehandler", "providers", "config", "deploy", "tests")


def _name(block: Block) -> str:
    return f"{block.document}: {block.text.splitlines()[0]}"


@pytest.mark.parametrize("document", _DOCUMENTS)
def test_a_document_is_short(document: str) -> None:
    """The README is at most 10 kB, any other document 12 kB."""
    assert len(_DOCUMENTS[document].encode()) <= _LIMITS.get(document, _BYTES)


def _anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as they are made from the words."""
    headings = re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", _DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    """Each link to a file leads to one that is there, and each anchor to a heading of it."""
    for target in re.findall(r"\]\(([^)]+)\)", prose(_DOCUMENTS[document])):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / document).parent / path if path else ROOT / document
        assert file.exists(), target
        assert not anchor or anchor in _anchors(file.read_text()), target


@pytest.mark.parametrize("document", [name for name in _DOCUMENTS if name != "README.md"])
def test_every_document_is_reached_from_the_readme(document: str) -> None:
    """Links lead from the README to every document, over as many others as it takes."""
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        file = waiting.pop()
        reached.add(file)
        targets = re.findall(r"\]\(([^)#:]+\.md)[^)]*\)", prose(file.read_text()))
        waiting += {(file.parent / target).resolve() for target in targets} - reached
    assert (ROOT / document) in reached


@pytest.mark.parametrize("document", _DOCUMENTS)
def test_named_files_are_there(document: str) -> None:
    """Each path below a top-level folder that stands in backticks is there; `*` stands for any name."""
    paths = re.findall(rf"`((?:{'|'.join(_FOLDERS)})/[\w./*@-]*)`", prose(_DOCUMENTS[document]))
    assert [path for path in paths if not any(ROOT.glob(path.rstrip("/")))] == []


@cache
def _sources() -> str:
    """The text of the program, of what is configured, and of what is deployed; and the names of the tests."""
    files = [path for folder in _FOLDERS[:-1] for path in (ROOT / folder).rglob("*") if path.is_file()]
    texts = [path.read_text("utf-8") for path in files if path.suffix not in {".md", ".png", ".pyc"}]
    return "\n".join([*texts, *(path.stem for path in (ROOT / "tests").rglob("*.py"))])


@cache
def _tests() -> str:
    return "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py"))


@pytest.mark.parametrize("document", [name for name in _DOCUMENTS if name != "CHANGELOG.md"])
def test_named_things_are_there(document: str) -> None:
    """Each name with an underscore or a capital within that stands in backticks occurs in the sources.

    Documents of the tests may name what is in the tests alone.
    """
    sources = _sources() + (_tests() if document.startswith("tests/") else "")
    names = re.findall(r"`([a-z]+(?:_[a-z]+)+|[A-Z][a-z]+(?:[A-Z][A-Za-z]+)+)\b[^`]*`", prose(_DOCUMENTS[document]))
    assert {name for name in names if not re.search(rf"\b{name}\b", sources)} <= _MADE_OF_PARTS


@pytest.mark.parametrize("block", _TOML, ids=_name)
def test_every_configuration_loads(block: Block, tmp_path: Path) -> None:
    """Each sample configuration is valid, down to what its adapters want."""
    for name in ("news.key", "shop.token"):
        (tmp_path / name).write_text("0123456789abcdef0123456789abcdef01234567\n")
    file = tmp_path / "bouncehandler.toml"
    file.write_text(block.text.replace("/etc/bouncehandler", str(tmp_path)))
    settings = load(file, {"HOME": str(tmp_path)})
    for name, section in settings.providers.items():
        plugins.settings_for(name, section)


def test_the_entry_point_group_is_the_one_that_is_searched() -> None:
    """The plug-in's registration names the group that the program looks in."""
    (block,) = [block for block in blocks("toml") if block not in _TOML]
    assert list(tomllib.loads(block.text)["project"]["entry-points"]) == [plugins.GROUP]


def test_the_adapter_is_the_file_adapter() -> None:
    """The whole example adapter is the one that ships, to the letter: `make documents` writes it anew."""
    assert [block.text for block in blocks("python")] == [ADAPTER.read_text()]


def test_the_exit_statuses_are_the_programs() -> None:
    """The table of exit statuses lists exactly those that the program has."""
    table = re.findall(r"^\| (\d+) \|", _DOCUMENTS["deploy/docs/operations.md"], re.MULTILINE)
    statuses = {value for name, value in vars(exits).items() if name.isupper() and isinstance(value, int)}
    assert {int(number) for number in table} == statuses


@pytest.mark.parametrize("document", _DOCUMENTS)
def test_the_makefile_has_what_is_named(document: str) -> None:
    """Each `make` of a document is a target of the Makefile."""
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make (\w+)(?=`| +#|$)", _DOCUMENTS[document], re.MULTILINE)) <= targets


def test_the_readme_has_the_two_commands() -> None:
    """`make demo` and `make test` are the README's first block."""
    first = next(block for block in blocks("sh") if block.document == "README.md")
    assert [line.partition("#")[0].strip() for line in first.text.splitlines()] == ["make demo", "make test"]


def test_the_blocks_for_powermta_are_those_that_are_printed() -> None:
    """Each acting block for PowerMTA is what `pmta-config` prints, and each is shown."""
    site = Installation("/opt/bouncehandler/bin/bouncehandler", domains=("fbl-unsub.example.com",))
    printed = generate_blocks(site)
    shown = {block.text for block in blocks("") if _PMTA.match(block.text)}
    acting = {text for text in shown if "--dry-run" not in text}
    assert len(acting) == 4
    assert [text for text in acting if text not in printed] == []

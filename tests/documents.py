"""The documents and their blocks; run as a program, it writes what the program prints, and the adapter, into them anew.

A block of kind `console` is a command, after `$ `, with its output on a site that is always the same: `Site`.
"""

import os
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
ADAPTER = ROOT / "providers" / "file.py"
"""The example of an adapter, which the one block of kind `python` holds."""

_FOLDERS = ("bouncehandler", "providers", "config", "deploy", "tests")
_FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)

_CONFIGURATION = """
[spool]
url = "sqlite:///{root}/var/lib/bouncehandler/spool.db"
[spool.keep]
figures = "forever"
[providers.news]
type = "file"
path = "{root}/var/lib/bouncehandler/news.jsonl"
[providers.shop]
type = "file"
path = "{root}/var/lib/bouncehandler/shop/suppressed.jsonl"
"""

_LEFT_OUT = re.compile(
    r"ok    (setting (spool|providers\.(news|shop)\.path|providers\.shop)|spool: \S+ can be written)"
)
"""Lines that a sample replaces by `...`: many alike, and one that depends on the user who runs it."""

_ALIKE = (
    (re.compile(r"20(?!26-01-05)\d\d-\d\d-\d\dT[\d:]+"), "2026-01-05T10:05:30"),
    (re.compile(r"\b\d+[smh] ago"), "5s ago"),
    (re.compile(r"\(0\.\d+ s\)"), "(0.004 s)"),
    (re.compile(r"has [\d,]+ bytes, belongs to \S+,"), "has 311,296 bytes, belongs to pmta,"),
    (re.compile(r"its folder belongs to \S+,"), "its folder belongs to pmta,"),
    (re.compile(r"[\d,]+ bytes are free"), "78,566,338,560 bytes are free"),
)
"""What differs from run to run and from machine to machine, and how it is shown."""


class Block(NamedTuple):
    """A fenced block of a document."""

    document: str
    """Path below the root."""
    kind: str
    """The word after the fence; empty for PowerMTA's blocks and the like."""
    text: str
    """Without the block's indentation."""


def documents() -> dict[str, str]:
    """The text of every document by its path below the root."""
    found = [*ROOT.glob("*.md"), *(path for folder in _FOLDERS for path in (ROOT / folder).rglob("*.md"))]
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in sorted(found)}


def blocks(kind: str | None = None) -> list[Block]:
    """The blocks of all documents, or those of one kind."""
    return [
        Block(document, found, textwrap.dedent(text))
        for document, whole in documents().items()
        for _, found, text in _FENCED.findall(whole)
        if kind in {None, found}
    ]


def prose(text: str) -> str:
    """A document's text without its blocks."""
    return _FENCED.sub("", text)


class Site:
    """A site below a root of its own: two list managers, one of which lacks its folder, and five sample rows."""

    def __init__(self, root: Path) -> None:
        self._root = root
        for folder, mode in (("etc/bouncehandler", 0o755), ("etc/pmta", 0o755), ("var/lib/bouncehandler", 0o700)):
            (root / folder).mkdir(parents=True)
            (root / folder).chmod(mode)
        configuration = root / "etc/bouncehandler/bouncehandler.toml"
        configuration.write_text(_CONFIGURATION.format(root=root))
        configuration.chmod(0o640)
        complaints = (ROOT / "deploy/pmta/complaints.conf").read_text()
        (root / "etc/pmta/config").write_text(re.sub(r".*map-header-to-field.*\n", "", complaints))
        self._run("printf 'email\\nold@example.org\\n' | bouncehandler")  # after which one of the two is held
        self._run(f"bouncehandler < {ROOT}/config/samples/synthetic_five_rows.csv")

    def sample(self, command: str) -> str:
        """The output of a command, as a document shows it."""
        text = self._run(re.sub(r"\bsudo (-u pmta )?", "", command)).replace(str(self._root), "")
        for pattern, shown in _ALIKE:
            text = pattern.sub(shown, text)
        lines: list[str] = []
        for line in text.splitlines():
            shown = "..." if _LEFT_OUT.match(line) else line
            if shown != "..." or lines[-1:] != ["..."]:
                lines.append(shown.rstrip())
        return "".join(f"{line}\n" for line in lines)

    def _run(self, command: str) -> str:
        below = re.sub(r"(?<![\w./-])(?=/(?:etc|var)/(?:pmta|lib)\b)", str(self._root), command)
        environ = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self._root),
            "LC_ALL": "C",
            "TZ": "UTC",
            "BOUNCEHANDLER_CONFIG": f"{self._root}/etc/bouncehandler/bouncehandler.toml",
        }
        done = subprocess.run(
            ["/bin/sh", "-c", below],
            env=environ,
            cwd=self._root,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout


def console(site: Site, text: str) -> str:
    """A console block with the output of its command anew."""
    command = text.partition("\n")[0]
    return f"{command}\n{site.sample(command.removeprefix('$ '))}"


def written_anew(site: Site, text: str) -> str:
    """A document with its samples and the example adapter anew."""

    def block(match: re.Match[str]) -> str:
        indent, kind, inner = match.groups()
        if kind == "console":
            return f"{indent}```console\n{console(site, inner)}{indent}```"
        return f"{indent}```python\n{ADAPTER.read_text()}{indent}```" if kind == "python" else match[0]

    return _FENCED.sub(block, text)


def changed(site: Site) -> Iterator[tuple[str, str]]:
    """Path and new text of each document that is not as it should be."""
    for document, text in documents().items():
        anew = written_anew(site, text)
        if anew != text:
            yield document, anew


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for document, text in changed(Site(Path(folder))):
            (ROOT / document).write_text(text, "utf-8")
            sys.stdout.write(f"{document} is written anew\n")

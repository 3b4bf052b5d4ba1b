"""The layers of CONTRIBUTING.md, checked by reading imports."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]

_LAYERS = (
    {"record", "durations", "files"},
    {"accounting", "suppression", "redaction", "pmta_config"},
    {"policy", "provider", "spool", "routing", "http_client", "unsubscribe", "spikes"},
    {"ingest", "dispatcher", "notifications", "metrics", "report", "php_import"},
    {"settings", "logs", "plugins"},
    {"runtime"},
    {"cli", "__main__"},
)
_LAYER = {room: level for level, rooms in enumerate(_LAYERS) for room in rooms}

_FORBIDDEN = {
    "ingest": {"provider", "dispatcher", "http_client", "httpx"},
    "dispatcher": {"accounting", "policy"},
    "metrics": {"accounting", "policy", "provider", "ingest", "dispatcher"},
    "notifications": {"accounting", "policy", "provider", "ingest", "dispatcher", "report"},
    "report": {"accounting", "policy", "provider", "ingest", "dispatcher", "notifications", "http_client", "httpx"},
    "runtime": {"click", "rich"},
}

_CATCHES_EVERYTHING = {
    "bouncehandler/dispatcher/call_executor.py": "an adapter may raise anything; it is recorded with the attempt",
    "bouncehandler/dispatcher/thread_pool.py": "what no adapter can cause ends the worker, which keeps it",
    "bouncehandler/dispatcher/worker.py": "kept for the owner of the worker, who ends the process over it",
    "bouncehandler/notifications/worker.py": "kept for the owner; what only mail can cause is logged and put off",
    "bouncehandler/redaction.py": "a value that raises when it is made into text must not end the log",
    "bouncehandler/spool/sqlite/connection.py": "rolls back, then raises it again",
    "bouncehandler/plugins.py": "a stranger's module may raise anything while it is imported",
    "bouncehandler/settings/provider_options.py": "a plug-in's model may raise anything; only its keys are needed",
    "bouncehandler/runtime/service.py": "the first failure is raised again when all services have stopped",
    "bouncehandler/cli/session.py": "written to the log file, then raised again",
    "bouncehandler/cli/__init__.py": "PowerMTA must try again where the installation is not whole; else raised again",
    "bouncehandler/cli/unsubscribe_fast_path.py": "a bug becomes one sentence, and PowerMTA tries again",
    "bouncehandler/runtime/maildrop_poller.py": "kept for the owner of the thread, who ends the process over it",
    "bouncehandler/cli/app.py": "the last resort: a bug becomes one sentence and exit status 70",
    "bouncehandler/cli/checks/providers.py": "an adapter may raise anything; here it is what was asked for",
}


def _modules(package: str) -> list[Path]:
    return sorted((_ROOT / package).rglob("*.py"))


def _room(path: Path) -> str:
    return path.relative_to(_ROOT / "bouncehandler").parts[0].removesuffix(".py")


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in the file, whole names."""
    for node in ast.walk(_parsed(path)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative imports hide where things come from"
            yield str(node.module)
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _rooms_imported(path: Path) -> set[str]:
    parts = (name.split(".") for name in _imports(path))
    return {part[1] for part in parts if part[0] == "bouncehandler" and len(part) > 1 and part[1] in _LAYER}


def test_every_room_has_a_layer() -> None:
    """Each room is listed with its layer."""
    rooms = {_room(path) for path in _modules("bouncehandler")} - {"__init__"}
    assert rooms == set(_LAYER)


@pytest.mark.parametrize("path", _modules("bouncehandler"), ids=lambda path: str(path.relative_to(_ROOT)))
def test_no_room_imports_a_higher_layer(path: Path) -> None:
    """A lower layer never imports a higher one, and no room what it is forbidden."""
    room = _room(path)
    if room == "__init__":
        assert not _rooms_imported(path)
        return
    higher = {other for other in _rooms_imported(path) if _LAYER[other] > _LAYER[room]}
    assert not higher
    names = {name.partition(".")[0] for name in _imports(path)} | _rooms_imported(path)
    assert not names & _FORBIDDEN.get(room, set())
    assert "providers" not in names, "adapters are found by entry point, never imported"


def _is_of_sqlite(name: str) -> bool:
    return name.partition(".")[0] == "sqlite3" or name.startswith("bouncehandler.spool.sqlite")


def test_only_the_store_knows_sqlite() -> None:
    """Outside its folder the SQLite store is imported by `spool.url` alone, which opens a store by its scheme."""
    store = _ROOT / "bouncehandler" / "spool" / "sqlite"
    outside = [path for path in (*_modules("bouncehandler"), *_modules("providers")) if store not in path.parents]
    found = {str(path.relative_to(_ROOT)) for path in outside if any(map(_is_of_sqlite, _imports(path)))}
    assert found == {"bouncehandler/spool/url.py"}


@pytest.mark.parametrize("path", _modules("providers"), ids=lambda path: str(path.relative_to(_ROOT)))
def test_adapters_know_only_the_port(path: Path) -> None:
    """An adapter imports provider, suppression and record, and of `providers` only its own package."""
    assert _rooms_imported(path) <= {"provider", "suppression", "record"}
    own = path.relative_to(_ROOT / "providers").parts[0].removesuffix(".py")
    others = {name for name in _imports(path) if name.startswith("providers.") and name.split(".")[1] != own}
    assert not others


def test_the_left_half_loads_nothing_that_could_call_a_network() -> None:
    """Importing ingest and the spool brings in no HTTP client and no adapter, not even by a detour."""
    code = "import sys, bouncehandler.ingest, bouncehandler.spool.sqlite.store; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "bouncehandler.ingest" in loaded
    assert not {"httpx", "ssl", "bouncehandler.provider", "bouncehandler.dispatcher", "pydantic"} & set(loaded)


def _talks(node: ast.AST) -> bool:
    """Whether a piece of code prints, exits, or reads argv or the standard streams."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in {"print", "exit", "quit", "input"}
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "sys"
        and node.attr in {"exit", "argv", "stdin", "stdout", "stderr"}
    )


def test_only_cli_exits_prints_and_reads_argv() -> None:
    """No other room talks to the terminal or ends the process."""
    silent = {*_modules("bouncehandler"), *_modules("providers")} - set(_modules("bouncehandler/cli"))
    talkers = [str(path) for path in silent if any(map(_talks, ast.walk(_parsed(path))))]
    assert silent
    assert not talkers


def _catches_everything(path: Path) -> bool:
    handlers = (node for node in ast.walk(_parsed(path)) if isinstance(node, ast.ExceptHandler))
    broad = {"Exception", "BaseException"}
    return any(node.type is None or (isinstance(node.type, ast.Name) and node.type.id in broad) for node in handlers)


def test_only_known_places_catch_every_exception() -> None:
    """Each place that catches every exception is listed here with its reason."""
    found = {
        str(path.relative_to(_ROOT))
        for path in (*_modules("bouncehandler"), *_modules("providers"))
        if _catches_everything(path)
    }
    assert found == set(_CATCHES_EVERYTHING)


@pytest.mark.parametrize("package", ["bouncehandler", "providers"])
def test_rooms_stay_small(package: str) -> None:
    """No file passes 300 lines, no function 60: look for the seam."""
    for path in _modules(package):
        text = path.read_text()
        assert text.count("\n") <= 300, path
        for node in ast.walk(_parsed(path)):
            if isinstance(node, ast.FunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 60, f"{path}: {node.name}"


def test_the_layers_are_those_of_the_documents() -> None:
    """The table in CONTRIBUTING.md has each room on its layer."""
    rows = re.findall(r"^\| (\d) \| ([^:|]+)", (_ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    assert {room: int(level) for level, rooms in rows for room in re.findall(r"`(\w+)`", rooms)} == _LAYER


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _run_time_imports(node: ast.AST, modules: set[str]) -> Iterator[str]:
    """Modules of the package that are imported below a node, inside functions too, but not for type checkers alone."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (name.name for name in child.names if name.name in modules)
        elif isinstance(child, ast.ImportFrom):
            names = (f"{child.module}.{name.name}" for name in child.names)
            yield from (name if name in modules else str(child.module) for name in names)
        elif not _is_type_checking(child):
            yield from _run_time_imports(child, modules)


def test_no_modules_import_each_other() -> None:
    """The import graph of the package has no cycle, imports within functions included."""
    paths = {
        ".".join(path.relative_to(_ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in _modules("bouncehandler")
    }
    graph = {
        name: {found for found in _run_time_imports(_parsed(path), set(paths)) if found in paths and found != name}
        for name, path in paths.items()
    }
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the modules of a cycle


@pytest.mark.parametrize("package", ["bouncehandler", "providers"])
def test_folders_stay_small(package: str) -> None:
    """No folder holds more than 30 files side by side."""
    folders = [_ROOT / package, *(path for path in (_ROOT / package).rglob("*") if path.is_dir())]
    counts = {path: sum(file.is_file() for file in path.iterdir()) for path in folders if path.name != "__pycache__"}
    assert {str(path): count for path, count in counts.items() if count > 30} == {}


def test_the_command_line_stays_small() -> None:
    """`cli` has less than 4,800 lines: what needs neither click nor a terminal belongs in `runtime`."""
    assert sum(path.read_text().count("\n") for path in _modules("bouncehandler/cli")) < 4800


def test_the_top_level_is_as_agreed() -> None:
    """Nothing but the agreed folders and files stands at the top."""
    made = {"dist", "build", "__pycache__"}
    top = {path.name for path in _ROOT.iterdir() if not path.name.startswith(".") and path.name not in made}
    agreed = {"bouncehandler", "providers", "config", "deploy", "tests", "pyproject.toml", "README.md"}
    assert agreed <= top
    assert top <= agreed | {"LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile"}


def test_each_class_has_a_name_of_its_own() -> None:
    """No class name stands twice in the package, so that a search finds one thing."""
    found = Counter(
        node.name
        for path in _modules("bouncehandler")
        for node in ast.walk(_parsed(path))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in found.items() if count > 1] == []

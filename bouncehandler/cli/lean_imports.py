"""Imports structlog, pydantic and httpx without the parts of them that this program never uses.

These parts took more than half of a start, such as asyncio (for asynchronous logging and settings), settings from a
command line, and the search of all installed packages for plug-ins of pydantic.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType

_LOCK = threading.Lock()
_NEVER_USED = "httpx._main"
_SELDOM_USED = ("idna", "shutil", "statistics", "tempfile", "tokenize", "zipfile")
"""Modules that others import for what hardly ever happens here, such as packages in an archive."""
_LAZY = ("asyncio", "secrets")
_UNUSED = ("dotenv", "importlib.resources.abc", "pydantic_settings.sources.providers.cli", "structlog.tracebacks")
_OPTIONAL = ("colorama", "greenlet", "rich", "twisted")
"""Libraries that structlog uses where they are installed."""


class _LazyModule(ModuleType):
    """Module that is imported when an attribute of it is first used."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        with _LOCK:
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


class _UnusedModule(ModuleType):
    """Module that is never imported; its names are classes without content."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def defer_modules() -> None:
    """Have modules that are seldom used imported when they are."""
    for name in _SELDOM_USED:
        sys.modules.setdefault(name, _LazyModule(name))


def import_libraries() -> None:
    """Import structlog and pydantic, once; has to come before any other import of them."""
    sys.modules[_NEVER_USED] = None  # type: ignore[assignment]  # Python's own sign for a module that can't be imported
    with _stand_ins():
        import pydantic_settings  # noqa: F401, PLC0415  # later imports find it loaded
        import structlog  # noqa: F401, PLC0415  # as above


@contextmanager
def _stand_ins() -> Iterator[None]:
    """Put stand-ins in place of modules that are not imported yet, within the block."""
    metadata = ModuleType("importlib.metadata")
    metadata.entry_points = lambda **_: ()  # type: ignore[attr-defined]  # of plug-ins of pydantic: there are none
    stand_ins: dict[str, ModuleType | None] = {name: _LazyModule(name) for name in _LAZY}
    stand_ins |= {name: _UnusedModule(name) for name in _UNUSED}
    stand_ins |= dict.fromkeys(_OPTIONAL) | {"importlib.metadata": metadata}
    missing = {name: module for name, module in stand_ins.items() if name not in sys.modules}
    sys.modules.update(missing)  # type: ignore[arg-type]  # None is Python's own sign, as above
    try:
        yield
    finally:
        for name, module in missing.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]

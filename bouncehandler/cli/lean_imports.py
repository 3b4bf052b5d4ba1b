"""Imports structlog, pydantic and httpx without the parts of them that this program never uses.

These parts took more than half of a start: asyncio (for asynchronous logging and settings), rich (for tracebacks that
are never drawn), httpx's own command line, and the search of all installed packages for plug-ins of pydantic.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType

_NEVER_USED = "httpx._main"


class _LazyModule(ModuleType):
    """Module that is imported when an attribute of it is first used."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(import_module(self.__name__), name)


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
    stand_ins = {"asyncio": _LazyModule("asyncio"), "rich": None, "importlib.metadata": metadata}
    missing = {name: module for name, module in stand_ins.items() if name not in sys.modules}
    sys.modules.update(missing)  # type: ignore[arg-type]  # None is Python's own sign, as above
    try:
        yield
    finally:
        for name in missing:
            del sys.modules[name]

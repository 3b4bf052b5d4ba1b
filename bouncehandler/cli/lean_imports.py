"""Imports structlog, pydantic and httpx without the parts of them that this program never uses.

These parts took two thirds of a start, such as asyncio (for asynchronous logging and settings), settings from a command
line, the search of all installed packages for plug-ins of pydantic, and the types of the keys of pydantic's schemas.
"""

import sys
import threading
import typing
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


class _PlainDict:
    """Stand-in for `TypedDict`: the types of its keys, a thousand in pydantic-core, are for type checkers alone."""

    def __init_subclass__(cls, **_: bool) -> None:
        pass

    def __new__(cls, **values: object) -> dict[str, object]:  # type: ignore[misc]  # as TypedDict itself does
        return values


def defer_modules() -> None:
    """Have modules that are seldom used imported when they are."""
    for name in _SELDOM_USED:
        sys.modules.setdefault(name, _LazyModule(name))


def import_libraries() -> None:
    """Import structlog and pydantic, once; has to come before any other import of them."""
    sys.modules[_NEVER_USED] = None  # type: ignore[assignment]  # Python's own sign for a module that can't be imported
    with _stand_ins():
        _import_core()
        import pydantic_settings  # noqa: F401, PLC0415  # later imports find it loaded
        import structlog  # noqa: F401, PLC0415  # as above


def _import_core() -> None:
    import typing_extensions  # noqa: PLC0415  # only here

    modules = (typing, typing_extensions)
    real = [module.TypedDict for module in modules]
    for module in modules:
        module.TypedDict = _PlainDict  # type: ignore[attr-defined]  # until pydantic-core is imported
    try:
        import pydantic_core  # noqa: F401, PLC0415  # as above
    finally:
        for module, own in zip(modules, real, strict=True):
            module.TypedDict = own  # type: ignore[attr-defined]  # as it was


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

"""structlog without rich: with it, it would draw tracebacks, which nobody asks for, and start half as fast."""

import sys

_is_there = "rich" in sys.modules
if not _is_there:
    sys.modules["rich"] = None  # type: ignore[assignment]  # Python's own sign that a module can't be had

import structlog  # noqa: E402  # that is the point
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger  # noqa: E402  # likewise

if not _is_there:
    del sys.modules["rich"]

__all__ = ["EventDict", "FilteringBoundLogger", "Processor", "WrappedLogger", "structlog"]

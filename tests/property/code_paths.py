"""Code coverage of an input, by `sys.settrace`: a fuzzer keeps the inputs that reach new code paths."""

import sys
from collections import Counter
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

_Local = Callable[[FrameType, str, Any], Any]
Way = tuple[CodeType, int, int]
"""From one line of a function to the next; 0 is its beginning."""


class CodePaths:
    """Code paths taken so far, and about how often in one run: once, twice, up to 4, 8, 16, ... times.

    Args:
        folder: only code of files below it is looked at.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._known: set[tuple[Way, int]] = set()
        self._is_ours: dict[CodeType, bool] = {}

    def __len__(self) -> int:
        """Number of known paths, each counted once for each frequency."""
        return len(self._known)

    def are_new(self, run: Callable[[], object]) -> bool:
        """Whether this run takes a new path, or a known one much more often."""
        taken: Counter[Way] = Counter()
        before = sys.gettrace()
        sys.settrace(lambda frame, _event, _value: self._tracer(frame, taken))
        try:
            run()
        finally:
            sys.settrace(before)
        found = {(way, (count - 1).bit_length()) for way, count in taken.items()}
        is_new = not found <= self._known
        self._known |= found
        return is_new

    def _tracer(self, frame: FrameType, taken: Counter[Way]) -> _Local | None:
        """What follows one call; None: nothing needs to."""
        code = frame.f_code
        is_ours = self._is_ours.get(code)
        if is_ours is None:
            is_ours = self._is_ours[code] = code.co_filename.startswith(self._folder)
        if not is_ours:
            return None
        last = 0

        def follow(frame: FrameType, event: str, _: object) -> _Local:
            nonlocal last
            if event == "line":
                taken[code, last, frame.f_lineno] += 1
                last = frame.f_lineno
            return follow

        return follow

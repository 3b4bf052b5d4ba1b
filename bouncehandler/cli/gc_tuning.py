"""Tuning of the cyclic garbage collector: next to no cycles are made here, and a collection takes time."""

import gc

_AFTER = 50_000
"""Allocations before a collection; Python's default is some hundreds, which every batch of rows passes many times."""


def tune_gc() -> None:
    """Exclude all present objects from collections, and make these rare."""
    gc.freeze()
    gc.set_threshold(_AFTER, 20, 20)

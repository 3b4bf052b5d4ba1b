"""How seldom Python looks for garbage that refers to itself: next to none is made here, and a look costs time."""

import gc

_AFTER = 50_000
"""Objects made and not freed; Python's own number is some hundreds, which every batch of rows passes many times."""


def tune_gc() -> None:
    """From now on; what the imports made is not looked at again."""
    gc.freeze()
    gc.set_threshold(_AFTER, 20, 20)

"""How many examples the property tests draw that are slow."""

from hypothesis import settings


def many(number: int) -> int:
    """So many in `make test`, and eight times as many in `make search`."""
    return number * settings().max_examples // 100

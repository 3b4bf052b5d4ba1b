"""Makes inputs for the fuzzer: fresh ones, and variations of those that reached something new."""

from random import Random

from tests.property.streams import PIECES, random_stream

_LENGTHS = (5, 5, 12, 12, 30, 80)
"""Pieces of a fresh stream, at most."""
_LONGEST = (100, 200, 200, 400, 400, 2000)
"""Bytes; a longer input takes the time of many short ones."""
_FRESH = 0.25
"""The share of inputs that are not bred from others."""


class Corpus:
    """Inputs from which new ones are derived."""

    def __init__(self) -> None:
        self.inputs: list[bytes] = []

    def breed(self, random: Random) -> bytes:
        """A new input."""
        if not self.inputs or random.random() < _FRESH:
            return b"".join(random_stream(random, random.choice(_LENGTHS)))
        data = random.choice(self.inputs[-200:] if random.random() < 0.5 else self.inputs)
        for _ in range(random.choice((1, 1, 2, 4, 8))):
            data = self._varied(data, random)
        return data[: random.choice(_LONGEST)]

    def _varied(self, data: bytes, random: Random) -> bytes:
        start, end = sorted((random.randrange(len(data) + 1), random.randrange(len(data) + 1)))
        match random.randrange(6):
            case 0:
                return data[:start] + data[end:]
            case 1:
                return data[:end] + data[start:]
            case 2:
                other = random.choice(self.inputs)
                return data[:start] + other[random.randrange(len(other) + 1) :]
            case 3:
                return data[:start] + random.randbytes(1) + data[start + 1 :]
            case _:
                return data[:start] + random.choice(PIECES) + data[start:]


def smaller(data: bytes) -> list[bytes]:
    """The data with something left out, the largest parts first: to find the smallest input that does the same."""
    found, size = [], len(data) // 2
    while size:
        found += [data[:at] + data[at + size :] for at in range(0, len(data), size)]
        size //= 2
    return found

"""Reads random streams until the time is up and compares with the reference: `python -m tests.property.fuzz_reader`."""

import argparse
import sys
import time
from random import Random

from bouncehandler.accounting import Reader
from tests.property.streams import events, expected, random_stream, read, split

_SIZES = (5, 12, 30, 80, 300)
_LONGEST = (1, 10, 100, 300, 1000)


def main() -> int:
    """Print how many inputs were read; 1 where one was read wrongly, after telling which."""
    options = _options()
    deadline, seed, size = time.monotonic() + options.seconds, options.seed, 0
    while time.monotonic() < deadline:
        random = Random(seed)  # noqa: S311  # streams, no secrets
        data = b"".join(random_stream(random, random.choice(_SIZES)))
        if fault := _fault(data, random):
            _say(f"seed {seed}: {fault}\n{data!r}")
            return 1
        seed, size = seed + 1, size + len(data)
    _say(f"{seed - options.seed} inputs, {size} bytes, each read in four ways; next seed {seed}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.property.fuzz_reader", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to go on")
    parser.add_argument("--seed", type=int, default=0, help="where to begin; an input is made from its seed alone")
    return parser.parse_args()


def _fault(data: bytes, random: Random) -> str:
    """What is wrong with the reading of this stream; empty where nothing is."""
    cuts = [random.randrange(len(data) + 1) for _ in range(random.randrange(12))]
    single = [data[at : at + 1] for at in range(len(data))]
    if events(read(split(data, cuts))) != expected(data):
        return f"cut at {sorted(cuts)} it is not read as the reference reads it"
    if read(single) != read([data]):
        return "byte by byte it is not read as in one block"
    longest = random.choice(_LONGEST)
    if events(read(single, Reader(longest=longest))) != events(read([data], Reader(longest=longest))):
        return f"with rows of at most {longest} bytes it depends on the blocks"
    return ""


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())

"""Reads bred streams until the time is up and compares with the reference: `python -m tests.property.fuzz_reader`."""

import argparse
import sys
import time
import traceback
from functools import partial
from pathlib import Path
from random import Random

import bouncehandler.accounting
from bouncehandler.accounting import ColumnsMissing, Item, PowerMtaCsvReader
from bouncehandler.accounting.fields import is_redacted
from bouncehandler.record import Address, Complaint, Delivery, parse_address
from tests.property.code_paths import CodePaths
from tests.property.input_generator import Corpus, smaller
from tests.property.streams import events, expected, read, split

_LONGEST = (1, 10, 100, 300, 1000)
_TINY = (1, 3, 8, 8, 21, 21, 21)
"""Bytes of a block."""
_IGNORED = ("other", "bad-mailbox", "")


def main() -> int:
    """Print how many inputs were read; 1 where one was read wrongly, after printing the smallest like it."""
    options = _options()
    random, stock, ways = Random(options.seed), Corpus(), CodePaths(str(Path(bouncehandler.accounting.__file__).parent))  # noqa: S311  # streams, no secrets
    deadline, inputs, size = time.monotonic() + options.seconds, 0, 0
    while time.monotonic() < deadline:
        data, how = stock.breed(random), random.getrandbits(32)
        if fault := _fault(data, how):
            _print(f"input {inputs} of seed {options.seed}, read as {how}: {_shrunk(data, how)!r}\n{fault}")
            return 1
        if ways.are_new(partial(read, [data], PowerMtaCsvReader())):
            stock.inputs.append(data)
        inputs, size = inputs + 1, size + len(data)
    _print(
        f"{inputs:,} inputs, {size:,} bytes, each read in five ways; {len(stock.inputs):,} of them took a new way, "
        f"{len(ways):,} in all"
    )
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.property.fuzz_reader", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to go on")
    parser.add_argument("--seed", type=int, default=0, help="where to begin; the same seed breeds the same inputs")
    return parser.parse_args()


def _fault(data: bytes, how: int) -> str:
    """The error in the reading of this stream, with blocks as `how` chooses; empty without one."""
    try:
        return _difference(data, Random(how))  # noqa: S311  # as above
    except Exception:  # noqa: BLE001  # whatever the reader raises is what is looked for
        return traceback.format_exc()


def _difference(data: bytes, random: Random) -> str:
    cuts = [random.randrange(len(data) + 1) for _ in range(random.randrange(12))]
    longest = random.choice(_LONGEST)
    size = random.choice(_TINY)
    tiny = [data[at : at + size] for at in range(0, len(data), size)]
    whole = read([data])
    found = events(whole)
    if events(read(split(data, cuts))) != found:
        return f"it depends on the blocks: cut at {sorted(cuts)}"
    if read(tiny) != whole:
        return f"by {size} bytes it is not read as in one block"
    if found != (wanted := expected(data)):
        return f"read:      {found}\nreference: {wanted}"
    if events(read(tiny, PowerMtaCsvReader(longest=longest))) != events(
        read([data], PowerMtaCsvReader(longest=longest))
    ):
        return f"with rows of at most {longest} bytes it depends on the blocks"
    return _more(whole, read(split(data, cuts), PowerMtaCsvReader(ignored=_IGNORED, takes_deliveries=True)))


def _more(whole: list[Item], tallied: list[Item]) -> str:
    """Further checks: of complaints, and with counted rows and deliveries."""
    for item in whole:
        if isinstance(item, Complaint) and item.recipient and not _is_person(item.recipient):
            return f"{item.recipient!r} is no person's address"
    left = iter(whole)
    if not all(item in left for item in tallied if not isinstance(item, Delivery | ColumnsMissing)):
        return "with some categories only tallied, and with deliveries, the other items are not the same"
    return ""


def _is_person(recipient: str) -> bool:
    return parse_address(recipient) == recipient and not is_redacted(Address(recipient))


def _shrunk(data: bytes, how: int) -> bytes:
    """The smallest input found that is read wrongly too."""
    for less in smaller(data):
        if _fault(less, how):
            return _shrunk(less, how)
    return data


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())

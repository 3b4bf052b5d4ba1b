"""A fault, its result, and the table of all."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple


class Scale(NamedTuple):
    """How much is done."""

    is_long: bool

    def of(self, short: int, long: int) -> int:
        """One of the two numbers."""
        return long if self.is_long else short

    def is_late(self, seconds: float, most: float) -> bool:
        """Whether something took longer than it may; judged at length only, where no other tests run beside.

        In short form, a busy machine can be the reason; dispatches that are never carried out count as lost there.
        """
        return self.is_long and seconds > most


SHORT, LONG = Scale(is_long=False), Scale(is_long=True)


class Line(NamedTuple):
    """Result of one fault."""

    tries: int
    """How often it was done."""
    rows: int
    """Rows fed, or mails, in all tries together; those that the operator fed again not counted again."""
    lost: int
    """Suppressions, or requests, that had not reached a provider at the end, though they were acknowledged."""
    repeated: int = 0
    """Calls made once more, which is allowed: under the same `webhook-id`, or for the same recipient."""
    wrong: int = 0
    """People suppressed who should not be, one suppression under two ids, outcomes that are not true."""
    unread: float | None = None
    """Seconds: the longest time that stdin was not read; None where nothing was written into a pipe."""
    note: str = ""
    """Further remarks, in a few words."""


class Fault(NamedTuple):
    """One kind of fault."""

    name: str
    """As the table has it; unique."""
    run: Callable[[Path, Scale], Line]
    """Does it in an empty folder, from building the installation to comparing what came of it."""
    needs: str = ""
    """What the machine must have for it, in words, with a check in `is_possible`; empty: nothing."""
    is_possible: Callable[[], bool] = lambda: True


_HEAD = ("fault", "tries", "rows", "lost", "called again", "wrong", "stdin unread", "")


def markdown(lines: Iterable[tuple[str, Line]]) -> Iterator[str]:
    """The table, line by line."""
    yield "| " + " | ".join(_HEAD) + " |"
    yield "|" + "---|" * len(_HEAD)
    for name, line in lines:
        unread = "" if line.unread is None else f"{line.unread:.2f} s"
        numbers = [f"{number:,}" for number in (line.tries, line.rows, line.lost, line.repeated, line.wrong)]
        yield "| " + " | ".join([name, *numbers, unread, line.note]) + " |"

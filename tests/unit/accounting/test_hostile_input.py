"""Input that was made to be slow is read at the speed of any other."""

import time

import pytest

from tests.unit.accounting.examples import HEADER, read

HOSTILE = {
    "each line closes a cell and opens one": 'b,x","\n',
    "good rows between": 'b,x","\nb,,,,ann@example.net\n',
    "quotes that are never closed": 'b,x,"y\n',
    "errors in every second line": 'b,"\nb,"x\n',
    "stray quotes": '"a"b\n',
    "lists": 'ann@example.net,x","\n',
    "headers glued to rows": "b,x,type,timeLogged,rcpt\n",
    "headers glued to headers": "type,timeLogged,",
    "brackets": "<",
    "one cell of empty lines": "\n",
}


@pytest.mark.parametrize("header", ["", HEADER, HEADER + 'b,"'])
@pytest.mark.parametrize("end", ["\n", '"x\n', '"\n'])
@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_input_takes_time_in_proportion_to_its_length(unit: str, header: str, end: str) -> None:
    """No damage makes the reader go over the same lines again and again: four times the input, about that longer.

    An open quote may stay open, lead to an error, or be closed at the end.
    """
    short, long = (_seconds(header + unit * (size // len(unit)) + end) for size in (20_000, 80_000))
    assert long < 10 * short + 0.3


@pytest.mark.parametrize("block", [100, 1000])
def test_blocks_within_a_row_take_time_in_proportion_to_its_length(block: int) -> None:
    """A row that seems to end in every block is not read anew each time."""
    short, long = (_seconds(HEADER + 'b,x","\n' * (size // 7), block) for size in (50_000, 200_000))
    assert long < 10 * short + 0.3


def _seconds(data: str, block: int = 4096) -> float:
    started = time.thread_time()
    read(data, block=block)
    return time.thread_time() - started


def test_a_row_that_swallowed_hundreds_of_rows_keeps_the_good_one_at_its_end() -> None:
    """Where a row is too wide since its quote was closed by a row of several lines, that one is read."""
    last = 'b,ann@example.net,x","one\ntwo"\n'
    reading = read("type,rcpt,vmta,dsnDiag\n" + 'b,x,y","\n' * 300 + last)
    assert reading.recipients == ["ann@example.net"]
    assert reading.bounces[0].diagnostic == "one\ntwo"
    assert reading.raw == [b'b,x,y","\n'] * 300

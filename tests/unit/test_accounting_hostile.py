"""Input that was made to be slow is read at the speed of any other."""

import time

import pytest

from tests.unit.accounting_examples import HEADER, read, row

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


@pytest.mark.parametrize("header", [HEADER, "", HEADER + 'b,"', HEADER + "b,"])
@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_input_takes_time_in_proportion_to_its_length(unit: str, header: str) -> None:
    """No damage makes the reader go over the same lines again and again: four times the input, about that longer."""
    short, long = (_seconds(header + unit * (size // len(unit)) + "\n") for size in (25_000, 100_000))
    assert long < 10 * short + 0.5


def _seconds(data: str) -> float:
    started = time.process_time()
    read(data, block=4096)
    return time.process_time() - started


def test_a_row_with_hundreds_of_swallowed_rows_keeps_the_good_ones() -> None:
    """Where a row is too wide since it swallowed rows, the row of several lines at its end is read."""
    columns = ("type", "rcpt", "dsnDiag")
    end = row(columns, dsnDiag='he said\n"no", and no')
    reading = read("type,rcpt,dsnDiag\n" + 'b,x","\n' * 300 + end)
    assert reading.recipients == ["ann@example.net"]
    assert len(reading.unreadable) == 300

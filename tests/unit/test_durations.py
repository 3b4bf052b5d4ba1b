"""Durations and rates are read as PowerMTA writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from bouncehandler.durations import Duration, Rate, format_duration, parse_duration, parse_rate


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("4d12h", 388_800.0),
        ("10m", 600.0),
        ("90s", 90.0),
        ("21d", 1_814_400.0),
        ("500ms", 0.5),
        ("2w", 1_209_600.0),
        ("1w1d1h1m1s1ms", 694_861.001),
        ("0s", 0.0),
        (" 5m ", 300.0),
        ("007s", 7.0),
    ],
)
def test_reads_durations(text: str, seconds: float) -> None:
    """Weeks, days, hours, minutes, seconds and milliseconds add up."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", " ", "10", "m", "-5m", "+5m", "1.5h", "5m4d", "5m5m", "5 m", "10M", "5y", "5min", "1m5", "٣m", "5m\n4s", "½d"],
)
def test_refuses_what_is_no_duration(text: str) -> None:
    """What isn't written as PowerMTA writes durations is refused with one sentence that shows the right way."""
    with pytest.raises(ValueError, match=r"is not a duration; write it with units, such as 4d12h, 10m or 90s$"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["36500d1ms", "999999999999w"])
def test_refuses_more_than_a_century(text: str) -> None:
    """A duration that no date can be reckoned with is refused."""
    with pytest.raises(ValueError, match="longer than"):
        parse_duration(text)


def test_refusal_stays_one_short_line() -> None:
    """A hostile text can't put control characters or megabytes into the error."""
    with pytest.raises(ValueError, match="is not a duration") as error:
        parse_duration("\x1b[2J\n\u202e" + "x" * 1_000_000)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 200


@pytest.mark.parametrize("seconds", [-0.001, float("nan"), float("inf"), 3.2e9])
def test_formats_no_impossible_duration(seconds: float) -> None:
    """What couldn't be read again isn't written."""
    with pytest.raises(ValueError, match="can't be written"):
        format_duration(seconds)


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (1_814_400, "21d"), (5400, "1h30m"), (0.25, "250ms")])
def test_writes_durations(seconds: float, text: str) -> None:
    """Durations are written with the units that people use for them."""
    assert format_duration(seconds) == text


@given(st.integers(0, 36_500 * 86_400_000))
def test_durations_round_trip(milliseconds: int) -> None:
    """A duration that is written is read as what it was."""
    assert parse_duration(format_duration(milliseconds / 1000)) == milliseconds / 1000


@given(st.text(st.sampled_from("0123456789wdhms .-+/x\n"), max_size=30))
def test_any_text_is_a_duration_or_a_sentence(text: str) -> None:
    """Whatever the text, there is a number of seconds or one sentence."""
    try:
        assert parse_duration(text) >= 0
    except ValueError as error:
        assert str(error).isprintable()  # noqa: PT017  # either way is right, this one has a condition


@pytest.mark.parametrize(("text", "per_second"), [("50/s", 50.0), ("3000/m", 50.0), ("10000/h", 10000 / 3600)])
def test_reads_rates(text: str, per_second: float) -> None:
    """A rate is read as so many per second."""
    assert parse_rate(text) == pytest.approx(per_second)


@pytest.mark.parametrize(
    "text", ["", "50", "50/", "/s", "0/s", "-1/s", "1.5/s", "50/d", "50 / s", "50/S", "9" * 12 + "/s"]
)
def test_refuses_what_is_no_rate(text: str) -> None:
    """What isn't a rate above 0 is refused."""
    with pytest.raises(ValueError, match="is not a rate"):
        parse_rate(text)


class Example(BaseModel):
    """A model with both types."""

    wait: Duration = 1.0
    rate: Rate = 1.0


def test_settings_types() -> None:
    """In a model the texts become numbers."""
    example = Example.model_validate({"wait": "10m", "rate": "60/m"})
    assert (example.wait, example.rate) == (600.0, 1.0)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"wait": 30}, 'such as "30s"'),
        ({"wait": True}, "with a unit"),
        ({"wait": 1.5}, "with a unit"),
        ({"rate": 5}, "50/s"),
    ],
)
def test_a_bare_number_is_refused(table: dict[str, object], message: str) -> None:
    """A number without a unit is not guessed at; the error shows how to write it."""
    with pytest.raises(ValidationError, match=message):
        Example.model_validate(table)

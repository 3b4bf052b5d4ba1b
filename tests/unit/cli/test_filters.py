"""Filter options for suppressions and dead letters, and how their values are parsed."""

import time

import click
import pytest
from click.testing import CliRunner

from bouncehandler.cli.filters import filter_options
from bouncehandler.spool import Selection

BEGIN_2026 = 1_767_225_600.0


def selected(*args: str) -> Selection:
    """The selection that a command with these options receives."""
    received: list[Selection] = []

    @click.command()
    @filter_options(by_provider=True)
    def command(selection: Selection) -> None:
        received.append(selection)

    CliRunner().invoke(command, args, catch_exceptions=False, standalone_mode=False)
    return received[0]


def test_no_options() -> None:
    """Without options everything is selected."""
    assert selected() == Selection()


def test_all_options() -> None:
    """Each option narrows the selection."""
    args = (
        "--recipient",
        "a@b.example",
        "--domain",
        "b.example",
        "--reason",
        "bounce",
        "--limit",
        "5",
        "--provider",
        "x",
    )
    assert selected(*args) == Selection("a@b.example", "b.example", "bounce", "x", limit=5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-01", BEGIN_2026),
        ("2026-01-01T00:00:00Z", BEGIN_2026),
        ("2026-01-01 01:00", BEGIN_2026 + 3600),
        ("2026-01-01T01:00+01:00", BEGIN_2026),
        ("2025-12-31T19:00:00-05:00", BEGIN_2026),
    ],
)
def test_times(text: str, expected: float) -> None:
    """A time is ISO 8601, in UTC where it has no zone."""
    assert selected("--since", text).since == expected
    assert selected("--until", text).until == expected


def test_durations() -> None:
    """A duration means so long ago."""
    since = selected("--since", "1d12h").since
    assert since is not None
    assert 0 <= time.time() - 36 * 3600 - since < 60


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Jane.DOE@Example.COM", "jane.doe@example.com"),
        ("<jane@example.com>", "jane@example.com"),
        ('"Doe, Jane" <jane@example.com>', "jane@example.com"),
        ("jürgen@MÜLLER.example", "jürgen@mÜller.example"),
    ],
)
def test_recipient_is_read_as_the_input_is(text: str, expected: str) -> None:
    """An address is found in whatever form it is typed, as the input is: ASCII letters lowered, no others."""
    assert selected("--recipient", text).recipient == expected


@pytest.mark.parametrize("text", ["example.com", "@example.com", "EXAMPLE.com", " Example.Com "])
def test_domain(text: str) -> None:
    """A domain may be typed with its @, in any case."""
    assert selected("--domain", text).domain == "example.com"


@pytest.mark.parametrize(
    "args",
    [
        ("--since", "yesterday"),
        ("--since", "2026-02-30"),
        ("--until", "9999-12-31T23:59-99:00"),
        ("--recipient", "jane"),
        ("--domain", "ex ample"),
        ("--domain", ""),
        ("--reason", "because"),
        ("--limit", "0"),
        ("--limit", "many"),
    ],
)
def test_nonsense(args: tuple[str, ...]) -> None:
    """Values without a meaning are wrong usage, and not an empty answer."""
    with pytest.raises(click.UsageError):
        selected(*args)

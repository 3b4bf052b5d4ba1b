"""Originator patterns choose the providers of a bounce."""

import time

import pytest

from bouncehandler.routing import Routes


@pytest.mark.parametrize(
    ("pattern", "originator"),
    [
        ("news@example.com", "news@example.com"),
        ("news@example.com", "NEWS@Example.COM"),
        ("News@Example.com", "news@example.com"),
        ("news@example.com", " <news@example.com> "),
        (" news@example.com ", "news@example.com"),
        ("*@bounce.example.com", "b-123-ann=example.net@bounce.example.com"),
        ("*@bounce.example.com", "@bounce.example.com"),
        ("news*@example.com", "news+ann=example.net@example.com"),
        ("*@*.example.com", "a@b.c.example.com"),
        ("*", ""),
        ("*", "<>"),
        ("*", "anything at all\n"),
        ("a[b]?c@example.com", "a[b]?c@example.com"),
        ("jörg@*", "JÖRG@bücher.example"),
    ],
)
def test_a_pattern_matches(pattern: str, originator: str) -> None:
    """Whole addresses and `*`, without regard to case, so that VERP senders match."""
    assert Routes({"news": [pattern]}).of(originator) == ("news",)


@pytest.mark.parametrize(
    ("pattern", "originator"),
    [
        ("news@example.com", "xnews@example.com"),
        ("news@example.com", "news@example.com.evil.example"),
        ("news@example.com", "newsXexample.com"),
        ("news@example.com", "news@exampleXcom"),
        ("news@example.com", ""),
        ("*@bounce.example.com", "a@bounce.example.com.evil.example"),
        ("*@bounce.example.com", "a@bounce.example.com\n"[:-1] + "\nx"),
        ("*@bounce.example.com", "bounce.example.com"),
        ("*@bounce.example.com", "b@xbounce.example.com"),
        ("*@*.example.com", "b@example.com"),
        ("a[b]c@example.com", "abc@example.com"),
        ("a?c@example.com", "abc@example.com"),
        ("*a?c@example.com", "abc@example.com"),
        ("*a[b]c@example.com", "abc@example.com"),
        ("a.c@example.com", "abc@example.com"),
    ],
)
def test_a_pattern_does_not_match(pattern: str, originator: str) -> None:
    """The pattern stands for the whole address, and nothing but `*` is special."""
    assert Routes({"news": [pattern]}).of(originator) == ()


def test_names_providers_in_the_order_of_the_configuration() -> None:
    """Providers with a matching pattern, and those without any pattern."""
    routes = Routes({"crm": [], "news": ["news@*", "*@bounce.example.com"], "shop": ["shop@*"], "log": []})
    assert routes.of("news@example.com") == ("crm", "news", "log")
    assert routes.of("x@bounce.example.com") == ("crm", "news", "log")
    assert routes.of("shop@example.com") == ("crm", "shop", "log")
    assert routes.of("") == ("crm", "log")
    assert routes.all_providers == ("crm", "news", "shop", "log")


def test_without_patterns_all_providers_want_all() -> None:
    """All providers are chosen where none has a pattern."""
    assert Routes({"crm": [], "news": []}).of("x@example.com") == ("crm", "news")


def test_without_providers_nothing_is_wanted() -> None:
    """Suppressions are recorded all the same."""
    assert Routes({}).of("x@example.com") == ()
    assert Routes({}).all_providers == ()


def test_answers_alike_when_asked_again() -> None:
    """A remembered route is the same as the first."""
    routes = Routes({"news": ["news@*"]})
    assert [routes.of("news@x.example") for _ in range(3)] == [("news",)] * 3
    assert routes.of("other@x.example") == ()


def test_a_hostile_originator_costs_nothing() -> None:
    """Neither many wildcards nor an originator of megabytes takes time, or is kept in memory."""
    routes = Routes({"news": ["*a*a*a*a*a*a*a*a*a*a*@example.com"]})
    started = time.process_time()
    for number in range(20):
        assert routes.of("a" * 1_000_000 + str(number)) == ()
    assert time.process_time() - started < 5


def test_providers_of_a_type() -> None:
    """Ids belong to providers by the type; there are none of an unknown type."""
    routes = Routes({"a": [], "b": [], "c": []}, {"a": "mailwizz", "b": "interspire", "c": "mailwizz"})
    assert routes.of_type("mailwizz") == ("a", "c")
    assert routes.of_type("interspire") == ("b",)
    assert routes.of_type("webhook") == Routes({"a": []}).of_type("mailwizz") == ()

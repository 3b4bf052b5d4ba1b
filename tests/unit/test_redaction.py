"""No address, however it is written and whatever stands around it, passes the mask."""

import json
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bouncehandler.record import parse_address
from bouncehandler.redaction import cleaned, mask_addresses


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("john@example.com", "j***@example.com"),
        ("j@example.com", "j***@example.com"),
        ("<john@example.com>, jane@example.org;", "<j***@example.com>, j***@example.org;"),
        ("John Doe <john.doe+tag@mail.example.com> said", "John Doe <j***@mail.example.com> said"),
        ("smtp;550 5.1.1 <john@example.com>: no such user", "smtp;550 5.1.1 <j***@example.com>: no such user"),
        ("rfc822;john@example.com", "rfc822;j***@example.com"),
        ("mailto:john@example.com", "mailto:j***@example.com"),
        ("{'to': 'john@example.com'}", "{'to': 'j***@example.com'}"),
        ('"john doe"@example.com', "j***@example.com"),
        ('"jo\\"hn" <"a@b c"@example.com>', '"jo\\"hn" <a***@example.com>'),
        ("жанна@пример.рф", "ж***@пример.рф"),  # Cyrillic on purpose
        ("john@[192.0.2.1]", "j***@[192.0.2.1]"),
        ("bounce+john=example.com@news.example.com", "b***@news.example.com"),
        ("john@doe@example.com", "j***@d***@example.com"),
        ("email=john%40example.com", "e***@example.com"),
        ("john%2540example.com john&#64;example.com john\\u0040example.com", " ".join(["j***@example.com"] * 3)),
        ("john\uff20example.com", "j***@example.com"),
        ("GET https://x.example.com/api?EMAIL=john%40example.com&n=1", "GET https:/***@example.com&n=1"),
        ("https://user:pass@proxy.example.com/", "https://user:p***@proxy.example.com/"),
        ("no address, 100 %, @ all; 5.1.1", "no address, 100 %, @ all; 5.1.1"),
        ("", ""),
    ],
)
def test_masking(text: str, masked: str) -> None:
    """Masking keeps the first character of a local part, and leaves other text alone."""
    assert mask_addresses(text) == masked


# Without *, since a local part made of nothing else looks masked before it is.
LOCAL = st.one_of(
    st.text(st.sampled_from("abcXYZ019.!#$%&'+/=?^_`{|}~-éжß漢"), min_size=2, max_size=30),
    st.text(st.sampled_from("abc .,;:<>()[]@\\é"), min_size=2, max_size=30).map(lambda local: f'"{local}"'),
)
DOMAIN = st.sampled_from(["example.com", "mail.example.co.uk", "пример.рф", "[192.0.2.1]", "xn--e1afmkfd.example"])
BEFORE = st.text(st.sampled_from(" <>\"'()[],;:=&?/@%40x\n\t\x00|{}\\"), max_size=10)
AFTER = st.text(st.sampled_from(" <>\"'()[],;:=&?/x\n\t\x00|{}\\"), max_size=10)
AT = st.sampled_from(["@", "%40", "%2540", "&#64;", "\\u0040", "\uff20"])


@given(BEFORE, LOCAL, AT, DOMAIN, AFTER)
@example('"', "aa", "@", "example.com", "")
@example("", '"a\\"b"', "@", "example.com", "")
@example("", '"a\\"', "@", "example.com", "")
def test_masking_leaves_no_address(before: str, local: str, at: str, domain: str, after: str) -> None:
    """Whatever stands around an address, and however its @ is written, its local part is gone."""
    masked = mask_addresses(f"{before}{local}{at}{domain}{after}")
    assert f"{local}@{domain}" not in masked
    assert f"{local}{at}{domain}" not in masked
    assert f"***@{domain}" in masked


@given(st.text(st.sampled_from("ab.@<>\"' \\é%40,;"), max_size=40))
def test_what_we_take_for_an_address_is_masked(text: str) -> None:
    """A recipient that the reader would accept never passes the mask unchanged."""
    address = parse_address(text)
    if address:
        assert address not in mask_addresses(address)
        assert address not in mask_addresses(text).lower()


@pytest.mark.parametrize(
    "text",
    ['"' * 500_000, "a" * 1_000_000, "a@" * 500_000, "%25" * 333_333, '"a' * 500_000 + "@", "\\" * 1_000_000,
     '"' + "\\" * 1_000_000 + "@", "=" * 1_000_000 + "@", "<" * 1_000_000, "&#" * 500_000, '"@' * 500_000],
    ids=lambda text: text[:4],
)  # fmt: skip
def test_hostile_text_costs_no_time(text: str) -> None:
    """A megabyte made to be slow is masked in seconds at most; with a quadratic expression it would take hours."""
    start = time.process_time()
    mask_addresses(text)
    assert time.process_time() - start < 10


def test_deep_nesting_is_bounded() -> None:
    """Tables without an end neither exhaust the stack nor hide an address."""
    value: object = "john.doe@example.com"
    for _ in range(50):
        value = [{"inner": value}]
    assert "john.doe" not in json.dumps(cleaned(value, mask_addresses))

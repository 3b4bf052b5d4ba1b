"""Tokens: the ids in a List-Unsubscribe address, and the addresses that a site signs."""

import hashlib
import hmac

import pytest

from bouncehandler.unsubscribe.tokens import Domain, domain_of, identify, parse, unsubscribe_address, verify

SECRET = "6a1c5f0e6a1c5f0e6a1c5f0e6a1c5f0e"
OTHER = "0f9d2b7c0f9d2b7c0f9d2b7c0f9d2b7c"
DOMAIN = "unsubscribe.example.com"
TODAY = 20_000
MAILWIZZ = Domain("fbl.example.com", "{subscriber}.{list}.{campaign}", "news", "mailwizz", ())
SIGNING = Domain(DOMAIN, "", "", "", (SECRET,))


def local(address: str = "jane@example.com", days: int = 60, secret: str = SECRET) -> str:
    """A signed local part."""
    made = unsubscribe_address(address, domain=DOMAIN, secret=secret, valid_for_days=days, today=TODAY)
    return made.rpartition("@")[0]


def found(token: str, today: int = TODAY, *secrets: str) -> str | None:
    """Return the person that the address identifies."""
    return verify(token, domain=DOMAIN, secrets=secrets or (SECRET,), today=today)


@pytest.mark.parametrize(
    ("pattern", "written", "ids"),
    [
        ("{subscriber}.{list}.{campaign}", "ab1.cd2.ef3", {"subscriber": "ab1", "list": "cd2", "campaign": "ef3"}),
        ("{list}-{subscriber}", "7-1234", {"list": "7", "subscriber": "1234"}),
        ("U-{subscriber}+{list}", "u-ab+cd", {"subscriber": "ab", "list": "cd"}),
        ("u-{subscriber}+{list}", "U-aB+Cd", {"subscriber": "aB", "list": "Cd"}),
        ("{subscriber}=x={list}.out", "ab=X=cd.OUT", {"subscriber": "ab", "list": "cd"}),
        ("{subscriber}.{list}", f"{'a' * 64}.b", {"subscriber": "a" * 64, "list": "b"}),
    ],
)
def test_ids_are_found_where_the_pattern_has_them(pattern: str, written: str, ids: dict[str, str]) -> None:
    """Each field is read as it is written, and the text around it compares without case."""
    assert parse(pattern, written) == ids


@pytest.mark.parametrize(
    "written",
    [
        "", ".", "ab.cd", "ab.cd.ef.gh", "ab..ef", ".cd.ef", "ab.cd.", "ab.c-d.ef", " ab.cd.ef", "ab.cd.ef ",
        "ab.cd.ef\n", f"{'a' * 65}.cd.ef", "\u00e4b.cd.ef", "ab.cd.\u0661", "ab.cd.e%66", "../../x",
    ],
)  # fmt: skip
def test_what_does_not_fit_the_pattern_has_no_ids(written: str) -> None:
    """A part that is missing, left over, too long, or anything but ASCII letters and digits is refused."""
    assert parse("{subscriber}.{list}.{campaign}", written) is None


def test_a_signed_address_is_what_the_documentation_states() -> None:
    """The MAC is HMAC-SHA256 over expiry, body and domain, so that a site can make it in one line of any language."""
    tail = f"{TODAY + 60:04x}.jane=example.com@{DOMAIN}"
    mac = hmac.new(SECRET.encode(), tail.encode(), hashlib.sha256).hexdigest()[:16]
    assert unsubscribe_address("Jane@Example.com", domain=DOMAIN, secret=SECRET, today=TODAY) == mac + tail
    assert mac + tail == f"f42629c77ff676594e5c.jane=example.com@{DOMAIN}"


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("jane+tag_1.x-y@example.com", "jane+tag_1.x-y=example.com"),
        ("a=b@example.com", b"a=b@example.com".hex()),
        ("o'hara@example.com", b"o'hara@example.com".hex()),
        ("j\u00fcrg@example.com", "j\u00fcrg@example.com".encode().hex()),
    ],
)
def test_every_address_survives_being_signed(address: str, body: str) -> None:
    """Any address comes back from its signed form; ambiguous characters are written as hexadecimal digits."""
    assert local(address)[21:] == body
    assert found(local(address)) == address
    assert found(local(address).upper()) == address


def test_a_signed_address_is_valid_through_its_last_day() -> None:
    """On its last day it is still accepted, on the next one not; without a check of the age it is."""
    assert found(local(days=3), TODAY + 3) == "jane@example.com"
    assert found(local(days=3), TODAY + 4) is None
    assert found(local(days=3), 0) == "jane@example.com"


def test_no_altered_character_passes() -> None:
    """Whichever character is changed, taken away or added, the address is refused."""
    token = local()
    for at in range(len(token)):
        for other in ("0", "f", "z", ".", "=", ""):
            altered = token[:at] + other + token[at + 1 :]
            assert altered == token or found(altered) is None, altered
    assert found(f"{token}0") is None


@pytest.mark.parametrize(
    "token", ["", ".", "0" * 20, f"{'0' * 20}.", f"{'0' * 20}.a=b", "\u0661" * 20 + ".a=b", "g" * 30]
)
def test_what_was_never_signed_is_refused(token: str) -> None:
    """Anything but a signed local part is refused without an error."""
    assert found(token) is None


def test_old_and_new_secret_are_taken_while_it_is_rotated() -> None:
    """Any of the secrets that are configured may have signed; no other may, nor for another domain."""
    old = local(secret=OTHER)
    assert found(old, TODAY, SECRET, OTHER) == "jane@example.com"
    assert found(old) is None
    assert verify(local(), domain="other.example.com", secrets=(SECRET,), today=TODAY) is None


@pytest.mark.parametrize("signed", ["jane", "=", "a=", "=b", "zz", "ff", "610a40622e63", "61 40 62"])
def test_a_signature_over_no_address_is_refused(signed: str) -> None:
    """A genuine signature over something that is no address is refused."""
    tail = f"{TODAY:04x}.{signed}"
    mac = hmac.new(SECRET.encode(), f"{tail}@{DOMAIN}".encode(), hashlib.sha256).hexdigest()[:16]
    assert found(mac + tail) is None


@pytest.mark.parametrize(
    ("address", "days", "message"),
    [
        ("jane", 60, "not a mail address"),
        ("jane@example.com\nBcc: x@y.example", 60, "not a mail address"),
        (f"{'j' * 40}@example.com", 60, "mail allows 64"),
        ("jane@example.com", -1, "0 days or more"),
        ("jane@example.com", 60_000, "the year 2149"),
    ],
)
def test_what_can_not_be_signed_is_reported(address: str, days: int, message: str) -> None:
    """No address, one that is too long for RFC 5321, and days out of bounds are errors with a sentence."""
    with pytest.raises(ValueError, match=message):
        unsubscribe_address(address, domain=DOMAIN, secret=SECRET, valid_for_days=days, today=TODAY)


def test_the_longest_local_part_is_64_octets() -> None:
    """At 64 octets a signed local part is made, at 65 not."""
    assert len(local(f"{'j' * 31}@example.com")) == 64
    with pytest.raises(ValueError, match="would have 65 octets"):
        local(f"{'j' * 32}@example.com")


def test_a_domain_names_the_provider_of_the_ids() -> None:
    """Ids come with the provider and its type, the campaign empty where the pattern has none."""
    two = Domain("two.example.com", "{list}-{subscriber}", "shop", "interspire", ())
    assert identify("ab.cd.ef@FBL.example.com.", [SIGNING, MAILWIZZ], today=TODAY) == {
        "provider": "news", "list_manager": "mailwizz", "list_id": "cd", "subscriber_id": "ab", "campaign_id": "ef",
    }  # fmt: skip
    ids = identify("7-12@two.example.com", [MAILWIZZ, two], today=TODAY)
    assert ids
    assert (ids["provider"], ids["list_id"], ids["subscriber_id"], ids["campaign_id"]) == ("shop", "7", "12", "")


def test_no_person_is_named_at_another_domain() -> None:
    """A token counts only at its own domain."""
    for address in ("ab.cd.ef@other.example.com", "ab.cd.ef", "@fbl.example.com", "", "ab.cd.ef@fbl.example.com@x"):
        assert identify(address, [SIGNING, MAILWIZZ], today=TODAY) is None


def test_a_forged_signature_is_never_taken_for_ids() -> None:
    """Where a domain takes both, what looks signed must be genuine, although it would fit the pattern."""
    both = [Domain(DOMAIN, "{subscriber}.{list}", "news", "mailwizz", (SECRET,))]
    forged, expired = f"{'0' * 20}.abcd@{DOMAIN}", f"{local('o.x@a.de', 1)}@{DOMAIN}"
    assert identify(forged, both, today=TODAY) is None
    assert identify(expired, both, today=TODAY + 2) is None
    assert identify(expired, both, today=TODAY) == {"recipient": "o.x@a.de"}
    ids = identify(f"ab.cd@{DOMAIN}", both, today=TODAY)
    assert ids
    assert ids["subscriber_id"] == "ab"


def test_a_domain_does_not_show_its_secrets() -> None:
    """The text of a domain contains no secret."""
    assert SECRET not in repr(SIGNING)
    assert domain_of("a@B@C.example.") == "c.example"

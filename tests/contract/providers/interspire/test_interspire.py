"""The Interspire adapter against a fake Interspire over real loopback: what it does when all goes well."""

import httpx
import pytest
from pydantic import SecretStr

from bouncehandler.provider import Checkable, PermanentFailure, ProviderUnavailable, TemporaryFailure
from providers.interspire import Interspire
from tests.contract.providers.interspire.examples import ANN, LOOK_UP, UNSUBSCRIBE, adapter, suppression, warm
from tests.fakes.interspire import FakeInterspire, ParsedRequest
from tests.fakes.server import closed_port


class TestUnsubscribe:
    """The action that is the default."""

    def test_leaves_every_active_list_and_names_them(self, fake: FakeInterspire, interspire: Interspire) -> None:
        """The recipient is unsubscribed from each list it is active on; the outcome names these and no others."""
        fake.subscribe(ANN, "1", "3")
        outcome = interspire.unsubscribe(suppression())
        assert (outcome.kind, outcome.lists) == ("unsubscribed", ("1", "3"))
        assert fake.status_of(ANN) == {"1": "unsubscribed", "3": "unsubscribed"}
        assert fake.unsubscribe_counts == {"1": 1, "3": 1}

    def test_a_second_call_changes_no_counter(self, fake: FakeInterspire, interspire: Interspire) -> None:
        """Calling twice writes once, since Interspire counts every unsubscribe."""
        fake.subscribe(ANN, "1", "2")
        interspire.unsubscribe(suppression())
        outcome = interspire.unsubscribe(suppression())
        assert (outcome.kind, outcome.lists) == ("unknown", ())
        assert "already unsubscribed" in outcome.note
        assert fake.unsubscribe_counts == {"1": 1, "2": 1}

    def test_touches_only_what_is_active(self, fake: FakeInterspire, interspire: Interspire) -> None:
        """A list that the address has left before gets no call, so that its counter stays."""
        fake.subscribe(ANN, "1", "2")
        fake.on(UNSUBSCRIBE, fake.failed("locked"), listid="2")
        with pytest.raises(TemporaryFailure):
            interspire.unsubscribe(suppression())
        fake.work_again()
        assert interspire.unsubscribe(suppression()).lists == ("2",)
        assert fake.unsubscribe_counts == {"1": 1, "2": 1}

    @pytest.mark.parametrize("not_found", ["failed", "success"])
    def test_an_unknown_address_is_unknown(self, fake: FakeInterspire, interspire: Interspire, not_found: str) -> None:
        """Both FAILED with an empty message and SUCCESS with empty data mean that there is nothing to do."""
        setattr(fake, "not_found", not_found)  # noqa: B010  # the parameter is one of the field's values
        outcome = interspire.unsubscribe(suppression())
        assert (outcome.kind, outcome.lists) == ("unknown", ())
        assert UNSUBSCRIBE not in fake.asked

    @pytest.mark.parametrize("wrapping", ["items", "flat", "deep", "values"])
    def test_reads_lists_however_they_are_wrapped(
        self, fake: FakeInterspire, interspire: Interspire, wrapping: str
    ) -> None:
        """The version decides how list ids are wrapped; they are found at any depth."""
        setattr(fake, "wrapping", wrapping)  # noqa: B010  # the parameter is one of the field's values
        fake.subscribe(ANN, "2", "3")
        assert interspire.unsubscribe(suppression()).lists == ("2", "3")
        assert fake.parsed_requests()[1].details["listids"] == ["1", "2", "3"]

    def test_tolerates_junk_before_the_xml(self, fake: FakeInterspire, interspire: Interspire) -> None:
        """PHP's notices, and a byte-order mark, before `<?xml` don't matter."""
        fake.junk = b"\xef\xbb\xbf<br />\n<b>Notice</b>: Undefined index <i>x</i> & more\n"
        fake.subscribe(ANN, "1")
        assert interspire.unsubscribe(suppression()).lists == ("1",)

    @pytest.mark.parametrize(
        "address",
        ["a&b@example.com", "o'brien+x@example.com", '"<b>"@example.com', "jürgen@bücher.example", "日本@例え.テスト"],
    )
    def test_addresses_arrive_as_they_are(self, fake: FakeInterspire, interspire: Interspire, address: str) -> None:
        """An address with XML's own characters, or beyond ASCII, is unsubscribed as exactly that address."""
        fake.subscribe(address, "1")
        fake.subscribe("b@example.com", "1")
        assert interspire.unsubscribe(suppression(address)).lists == ("1",)
        assert fake.parsed_requests()[1].detail("email") == fake.parsed_requests()[2].detail("emailaddress") == address
        assert fake.status_of("b@example.com") == {"1": "active"}

    def test_an_address_cannot_inject_xml(self, fake: FakeInterspire, interspire: Interspire) -> None:
        """Markup inside an address stays text and reaches no other address."""
        fake.subscribe("victim@example.com", "1")
        attack = "x</email><email>victim@example.com</email><email>@example.com"
        assert interspire.unsubscribe(suppression(attack)).kind == "unknown"
        assert fake.parsed_requests()[1].details["email"] == [attack]

    @pytest.mark.parametrize(
        "address", ["a\x00b@example.com", "a\x1b@x.com", "a\n@x.com", "a\ud800@x.com", "a￿@x.com", ""]
    )
    def test_what_xml_cannot_carry_is_permanent(
        self, fake: FakeInterspire, interspire: Interspire, address: str
    ) -> None:
        """An address that no XML request can carry fails for good, before any call."""
        with pytest.raises(PermanentFailure):
            interspire.unsubscribe(suppression(address))
        assert fake.calls() == []


class TestOtherActions:
    """Recording a bounce, and banning."""

    def test_bounce_records_a_bounce_once_a_list(self, fake: FakeInterspire, client: httpx.Client) -> None:
        """`bounce` records a bounce on each active list, and only once."""
        interspire = adapter(fake, client, action="bounce")
        fake.subscribe(ANN, "1", "2")
        outcome = interspire.unsubscribe(suppression())
        assert (outcome.kind, outcome.lists) == ("unsubscribed", ("1", "2"))
        assert interspire.unsubscribe(suppression()).kind == "unknown"
        assert fake.bounce_counts == {"1": 1, "2": 1}
        assert fake.status_of(ANN) == {"1": "bounced", "2": "bounced"}
        assert not fake.unsubscribe_counts

    def test_ban_bans_everywhere_with_one_call(self, fake: FakeInterspire, client: httpx.Client) -> None:
        """`ban` looks up, then adds one ban for everywhere, which is what the outcome names; lists are untouched."""
        interspire = adapter(fake, client, action="ban")
        warm(interspire, fake)
        fake.subscribe(ANN, "1", "2")
        outcome = interspire.unsubscribe(suppression())
        assert (outcome.kind, outcome.lists) == ("unsubscribed", ("g",))
        assert "lists 1, 2" in outcome.note
        assert fake.banned == {"g": {ANN}}
        assert fake.asked == {LOOK_UP: 1, "AddBannedSubscriber": 1}
        assert not fake.unsubscribe_counts

    def test_a_second_ban_is_already(self, fake: FakeInterspire, client: httpx.Client) -> None:
        """`Already in the suppression list` is success that changed nothing."""
        interspire = adapter(fake, client, action="ban")
        fake.subscribe(ANN, "1")
        interspire.unsubscribe(suppression())
        outcome = interspire.unsubscribe(suppression())
        assert (outcome.kind, outcome.lists) == ("already", ())

    def test_an_address_that_is_active_nowhere_is_not_banned(self, fake: FakeInterspire, client: httpx.Client) -> None:
        """`ban` does nothing about an address that is active nowhere here."""
        assert adapter(fake, client, action="ban").unsubscribe(suppression()).kind == "unknown"
        assert fake.banned == {}

    @pytest.mark.parametrize("message", ["", "Esta lista no es válida"])
    def test_a_refused_ban_is_not_done(self, fake: FakeInterspire, client: httpx.Client, message: str) -> None:
        """Any other refusal of a ban, also one without words, is tried again."""
        fake.subscribe(ANN, "1")
        fake.on("AddBannedSubscriber", fake.failed(message))
        with pytest.raises(TemporaryFailure, match="AddBannedSubscriber"):
            adapter(fake, client, action="ban").unsubscribe(suppression())


class TestCredentials:
    """The user and the token."""

    def test_check_proves_them_with_one_call(self, fake: FakeInterspire, interspire: Interspire) -> None:
        """`check` makes one call, changes nothing, and reports what it proved in one sentence without the token."""
        assert isinstance(interspire, Checkable)
        sentence = interspire.check()
        assert "'admin'" in sentence
        assert fake.endpoint in sentence
        assert fake.token not in sentence
        assert fake.asked == {"xmlapitest": 1}
        assert fake.parsed_requests()[0] == ParsedRequest("authentication", "xmlapitest", {})

    @pytest.mark.parametrize("words", ["Unable to check user details.", "Invalid details", "Datos no válidos", ""])
    def test_check_states_when_they_are_refused(self, fake: FakeInterspire, interspire: Interspire, words: str) -> None:
        """A refused test of the credentials is reported as such, however it is worded."""
        fake.always = fake.failed(words)
        with pytest.raises(ProviderUnavailable, match=r"refuses the user 'admin' or the token \(.+\): compare"):
            interspire.check()

    @pytest.mark.parametrize("words", ["Unable to check user details.", "Invalid details", "Datos no válidos"])
    def test_refused_credentials_hold_the_provider(
        self, fake: FakeInterspire, interspire: Interspire, words: str
    ) -> None:
        """Refused credentials, in any language, hold the provider instead of killing dispatches."""
        fake.subscribe(ANN, "1")
        warm(interspire, fake)
        fake.token, fake.bad_credentials = "changed", words
        with pytest.raises(ProviderUnavailable, match="token"):
            interspire.unsubscribe(suppression())

    def test_the_fake_refuses_them_too(self, fake: FakeInterspire, client: httpx.Client) -> None:
        """A wrong token is refused by the server itself."""
        with pytest.raises(ProviderUnavailable, match="Unable to check user details"):
            adapter(fake, client, token="wrong").check()

    def test_no_listener_is_a_transport_error(self, client: httpx.Client) -> None:
        """A server that is down raises httpx's own error, which counts as temporary."""
        with closed_port() as url:
            settings = Interspire.Settings(url=f"{url}/xml.php", username="u", token=SecretStr("t"))
            with pytest.raises(httpx.TransportError):
                Interspire(settings, client).unsubscribe(suppression())


class TestFake:
    """The traps of the fake, without which the tests above would prove little."""

    @pytest.mark.parametrize(
        ("body", "answered"),
        [
            ("<xmlrequest><username>a&b</username></xmlrequest>", "<!DOCTYPE html>"),
            ("{user}<requesttype>lists</requesttype><requestmethod>GetLists</requestmethod>{end}", "<!DOCTYPE html>"),
            ("{look_up}<details><email>ann@example.com</email></details>{end}", "<errormessage></errormessage>"),
            ("{look_up}<details><email>ann@example.com</email><listids>7</listids></details>{end}", "FAILED"),
            ("{look_up}<details><email>ann@example.com</email><listids>1</listids></details>{end}", "<listid>1<"),
        ],
    )
    def test_it_is_strict(self, fake: FakeInterspire, client: httpx.Client, body: str, answered: str) -> None:
        """Always HTTP 200: an error page to what isn't XML or lacks an element, `not found` without the right list."""
        fake.subscribe(ANN, "1")
        user = "<xmlrequest><username>admin</username><usertoken>t0ken&amp;secret</usertoken>"
        look_up = f"{user}<requesttype>subscribers</requesttype><requestmethod>{LOOK_UP}</requestmethod>"
        text = body.format(user=user, look_up=look_up, end="</xmlrequest>")
        response = client.post(fake.endpoint, content=text)
        assert response.status_code == 200
        assert answered in response.text

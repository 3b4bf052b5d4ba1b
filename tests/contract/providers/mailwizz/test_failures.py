"""The MailWizz adapter with bad credentials, a bad URL, a failing MailWizz: nothing is lost, nothing is called done."""

import httpx
import pytest

from bouncehandler.provider import PermanentFailure, ProviderUnavailable, TemporaryFailure
from tests.contract.providers.mailwizz.examples import CLUB, JANE, NEWS, SHOP
from tests.fakes.mailwizz import PUBLIC_KEY, FakeMailWizz
from tests.fakes.mailwizz_wire import BOUNCE, CAMPAIGN, KEYS, Connect, connecting
from tests.fakes.server import Answer, closed_port


@pytest.mark.parametrize("path", ["", "/", "/index.php"])
def test_check_proves_both_kinds_of_credentials(server: FakeMailWizz, connect: Connect, path: str) -> None:
    """`check` is one call that changes nothing, with a key and with a key pair, however the URL is written."""
    for n in range(12):
        server.subscribe(JANE, f"list{n:09}")
    url = server.api_url + path
    assert "lists in the account: 12." in connect(url=url).check()
    server.version, server.own_url = "1.x", url.rstrip("/")
    assert "lists in the account: 12." in connect(url=url, **KEYS).check()
    assert [r.target.partition("api")[2] for r in server.requests] == [
        f"{path.rstrip('/')}/lists?page=1&per_page=10"
    ] * 2


def test_an_empty_account_is_no_failure(connect: Connect) -> None:
    """MailWizz gives null for every counter of an empty page."""
    assert "lists in the account: 0." in connect().check()


@pytest.mark.parametrize("action", ["unsubscribe", "bounce", "blacklist"])
@pytest.mark.parametrize("mount", ["/api", "/shop/mail/api"])
def test_every_call_is_signed_as_mailwizz_1_wants_it(action: str, mount: str) -> None:
    """Look-ups, updates, bounces and calls without a body pass the check of the signature, in a sub-folder too."""
    with FakeMailWizz(version="1.x", mount=mount) as server, connecting(server) as connect:
        server.subscribe(JANE, NEWS)
        server.subscribe(JANE, SHOP, "blacklisted")
        server.campaign(CAMPAIGN, NEWS)
        mailwizz = connect(action=action, **KEYS)
        assert NEWS in mailwizz.unsubscribe(BOUNCE._replace(diagnostic="~ & é = '+' <%7E>")).lists
        assert server.status_of(JANE)[NEWS] != "confirmed"


def test_a_signature_is_over_the_url_that_mailwizz_has(server: FakeMailWizz, connect: Connect) -> None:
    """With `index.php` here and not there the signature differs: that holds the provider, and the text names url."""
    server.version = "1.x"
    with pytest.raises(ProviderUnavailable, match=r"url.*Invalid API request signature"):
        connect(url=f"{server.api_url}/index.php", **KEYS).check()


@pytest.mark.parametrize(("behind", "is_accepted"), [(0, True), (890, True), (950, False)])
def test_an_old_timestamp_is_refused(server: FakeMailWizz, connect: Connect, behind: int, *, is_accepted: bool) -> None:
    """A clock that is more than 900 s behind holds the provider, and the text names the clock."""
    server.version, server.clock = "1.x", lambda: 1700000000.0
    mailwizz = connect(clock=lambda: 1700000000.0 - behind, **KEYS)
    if is_accepted:
        assert mailwizz.check()
        return
    with pytest.raises(ProviderUnavailable, match="clock"):
        mailwizz.check()


@pytest.mark.parametrize("is_object", [False, True])
@pytest.mark.parametrize("kind", ["key", "signature", "params", "expired", "address", "account"])
@pytest.mark.parametrize("translated", [False, True])
def test_refused_credentials_hold_the_provider(
    server: FakeMailWizz, connect: Connect, kind: str, *, is_object: bool, translated: bool
) -> None:
    """Every refusal of credentials is recognised, in English at once, translated by asking a second time."""
    server.subscribe(JANE, NEWS)
    server.refuses_with, server.error_is_an_object = kind, is_object
    if translated:
        server.texts[kind] = "Ungültige Anfrage."
    with pytest.raises(ProviderUnavailable, match="refuses the credentials"):
        connect().unsubscribe(BOUNCE)
    assert len(server.requests) == 1 + translated
    assert server.status_of(JANE) == {NEWS: "confirmed"}


def test_a_wrong_key_holds_the_provider(server: FakeMailWizz, connect: Connect) -> None:
    """A wrong key is found out by the look-up, and not shown in the text."""
    with pytest.raises(ProviderUnavailable) as failure:
        connect(api_key="hunter2").unsubscribe(BOUNCE)
    assert "hunter2" not in str(failure.value)
    server.version = "1.x"
    with pytest.raises(ProviderUnavailable) as failure:
        connect(public_key=PUBLIC_KEY, private_key="hunter2").unsubscribe(BOUNCE)
    assert "hunter2" not in str(failure.value)


def test_a_refusal_of_one_address_is_permanent(server: FakeMailWizz, connect: Connect) -> None:
    """HTTP 400 for this call alone gives up this dispatch, and leaves the provider alone."""
    refusal = Answer(400, b'{"status":"error","error":"Adresse abgelehnt"}')
    server.fail_when = lambda request: refusal if "search" in request.path else None
    with pytest.raises(PermanentFailure, match="Adresse abgelehnt"):
        connect().unsubscribe(BOUNCE)
    assert len(server.requests) == 2


def test_offline_is_temporary(server: FakeMailWizz, connect: Connect) -> None:
    """MailWizz in maintenance answers 503; afterwards the same call succeeds."""
    server.subscribe(JANE, NEWS)
    server.is_offline = True
    with pytest.raises(TemporaryFailure):
        connect().unsubscribe(BOUNCE)
    server.is_offline = False
    assert connect().unsubscribe(BOUNCE).lists == (NEWS,)


def test_a_proxy_may_ask_to_slow_down(server: FakeMailWizz, connect: Connect) -> None:
    """429 is temporary, with the proxy's `Retry-After`."""
    server.always = Answer(429, b"<html>slow down</html>", {"Retry-After": "30"})
    with pytest.raises(TemporaryFailure) as failure:
        connect().unsubscribe(BOUNCE)
    assert failure.value.retry_after == 30


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500),
        Answer(502, b"<html>bad gateway</html>"),
        Answer(200),
        Answer(200, b"<html>login</html>"),
        Answer(200, b'{"status":"error","error":"no"}'),
        Answer(200, b'{"status":"success"'),
        Answer(reset=True),
    ],
)
@pytest.mark.parametrize("failing", [0, 1, 2])
@pytest.mark.parametrize("action", ["unsubscribe", "bounce", "blacklist"])
def test_a_failure_at_any_call_is_made_good_by_the_next_try(
    server: FakeMailWizz, connect: Connect, action: str, failing: int, answer: Answer
) -> None:
    """Whichever call fails, calling again finishes the work; failure and outcome together name every list."""
    for uid in (NEWS, SHOP):
        server.subscribe(JANE, uid)
    server.subscribe(JANE, CLUB, "blacklisted")
    server.campaign(CAMPAIGN, SHOP)
    mailwizz = connect(action=action)
    server.fail_when = lambda _: answer if len(server.requests) == failing + 1 else None
    with pytest.raises((TemporaryFailure, httpx.TransportError)) as failure:
        mailwizz.unsubscribe(BOUNCE)
    outcome = mailwizz.unsubscribe(BOUNCE)
    assert outcome.kind == "unsubscribed"
    assert sorted([*getattr(failure.value, "changed", ()), *outcome.lists]) == [NEWS, SHOP]
    assert "confirmed" not in server.status_of(JANE).values()


@pytest.mark.parametrize("path", ["", "/ap", "/api/v2", "/api/index.html"])
def test_a_typo_in_the_url_holds_the_provider(server: FakeMailWizz, connect: Connect, path: str) -> None:
    """A URL with no API behind it is neither "unknown recipient" nor success."""
    server.subscribe(JANE, NEWS)
    mailwizz = connect(url=server.url + path)
    for call in (mailwizz.check, lambda: mailwizz.unsubscribe(BOUNCE)):
        with pytest.raises(ProviderUnavailable, match="url"):
            call()


def test_no_listener(connect: Connect) -> None:
    """A refused connection reaches the dispatcher as it is."""
    with closed_port() as url, pytest.raises(httpx.ConnectError):
        connect(url=f"{url}/api").unsubscribe(BOUNCE)

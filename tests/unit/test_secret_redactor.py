"""The redactor of a provider's secrets in texts that are kept and logged."""

import html
import json
from collections.abc import Callable, Mapping
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

import pytest

from bouncehandler import plugins
from bouncehandler.settings.model import ProviderSection

TOKEN = """t&k<n "o'f" /~ü+%"""


def redactor(name: str, section: Mapping[str, object]) -> Callable[[str], str]:
    """What hides the secrets of a provider."""
    return plugins.build_with_redactor(name, ProviderSection.model_validate(section))[1]


def hidden(text: str, **section: object) -> str:
    """The text as the provider `mail` would have it logged."""
    own = {"type": "interspire", "url": "https://mail.example.com/xml.php", "username": "admin", "token": TOKEN}
    return redactor("mail", {**own, **section})(text)


@pytest.mark.parametrize(
    "spelling",
    [
        TOKEN,
        escape(TOKEN),
        escape(TOKEN, {'"': "&quot;", "'": "&apos;"}),
        html.escape(TOKEN),
        html.escape(TOKEN).replace("&#x27;", "&#039;"),
        quote(TOKEN),
        quote(TOKEN, safe=""),
        quote_plus(TOKEN),
        quote_plus(TOKEN).replace("~", "%7E").lower(),
        json.dumps(TOKEN)[1:-1],
        json.dumps(TOKEN, ensure_ascii=False)[1:-1].replace("/", "\\/"),
    ],
)
def test_every_spelling(spelling: str) -> None:
    """A secret is hidden as it is, and as XML, HTML, URLs, forms and JSON write it."""
    assert hidden(f"refused: <{spelling}> is wrong") == "refused: <[...]> is wrong"


def test_harmless_text_stays() -> None:
    """Text without a secret comes back as it was; neither the URL nor the user's name is one."""
    text = "HTTP 500 from https://mail.example.com/xml.php for admin: t&k is no token"
    assert hidden(text) == text


def test_the_beginning_of_a_secret_at_the_end() -> None:
    """A secret that was cut off with its text is hidden too, in any spelling."""
    assert hidden("HTTP 400: " + TOKEN[:6]) == "HTTP 400: [...]"
    assert hidden("HTTP 400: " + escape(TOKEN)[:11]) == "HTTP 400: [...]"
    assert hidden("abcabcab", token="abcabcabd-token") == "[...]"


def test_a_secret_within_another() -> None:
    """The longer one goes first, so that nothing of it is left."""
    keys = {"public_key": "abcd1234", "private_key": "abcd1234efgh"}
    section = {"type": "mailwizz", "url": "https://m.example.com/api", **keys}
    hide = redactor("mail", section)
    assert hide("keys abcd1234efgh and abcd1234") == "keys [...] and [...]"


def test_several_secrets() -> None:
    """Each of a list of secrets is hidden."""
    secrets = [f"whsec_{char * 32}" for char in "AB"]
    section = {"type": "webhook", "url": "https://crm.example.com/", "secret": secrets}
    hide = redactor("crm", section)
    assert hide(" ".join(secrets)) == "[...] [...]"


def test_the_password_of_a_proxy() -> None:
    """A proxy's password is a secret of the provider as well, as the URL writes it and as it is."""
    proxy = "http://user:p%40ssword@proxy.example.com:3128"
    assert hidden("407 for p%40ssword, p@ssword", proxy=proxy) == "407 for [...], [...]"

"""Import of the PHP handler's settings: any settings become a valid configuration with the same values."""

import json
import tomllib

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bouncehandler import plugins
from bouncehandler.cli.commands.import_php import configuration
from bouncehandler.php_import import import_settings
from bouncehandler.php_import.php import parse_script
from bouncehandler.settings.model import Settings
from tests.examples import many

FEW = settings(max_examples=many(30), deadline=None, suppress_health_check=[HealthCheck.too_slow])
KEYS = {
    "MAILWIZZ_ENDPOINT_URL": ("mailwizz", "url"),
    "MAILWIZZ_API_PUBLIC_KEY": ("mailwizz", "public_key"),
    "MAILWIZZ_API_PRIVATE_KEY": ("mailwizz", "private_key"),
    "INTERSPIRE_ENDPOINT_URL": ("interspire", "url"),
    "INTERSPIRE_USER_ID": ("interspire", "username"),
    "INTERSPIRE_API_KEY": ("interspire", "token"),
}
SENDERS = {"$origMailWizzZA": "mailwizz", "$origInterspire": "interspire"}
OTHERS = ("LOG_FILE", "LOG_CONSOLE_MODE", "RRD_FILE", "ENDPOINT_TIMEOUT", "$origTransactional", "$site")

texts = st.text(max_size=12).map(lambda text: text.replace("\0", ""))  # a file with a NUL byte is not read
urls = st.sampled_from(["https://lists.example.com/api", "http://a.example/xml.php", "not a URL", ""])
addresses = (
    st.sampled_from(["news@example.com", "News@Example.com", "a b@example.com", "*@example.com", "x", ""]) | texts
)
categories = st.sampled_from(["bad-mailbox", "Bad-Mailbox", "routing-errors", "spam-related", "site-own", "*", ""])
values = st.one_of(texts, st.integers(-5, 10**6), st.booleans(), st.none(), st.lists(texts, max_size=2))


@st.composite
def setups(draw: st.DrawFn) -> dict[str, object]:
    """Strategy of settings, each with a value of its kind or with any other."""
    keys = st.sampled_from(['k"e\\y', "$key", "it's", "schl\u00fcssel"]) | texts
    kinds: dict[str, st.SearchStrategy[object]] = {name: urls if "URL" in name else keys for name in KEYS}
    kinds |= dict.fromkeys(SENDERS, st.lists(addresses | texts, max_size=4))
    kinds |= {"$bounceCategories": st.lists(categories | texts, max_size=5), **dict.fromkeys(OTHERS, values)}
    return {name: draw(kind | values) for name, kind in kinds.items() if draw(st.booleans())}


def php(value: object) -> str:
    """The value as PHP writes it, between single quotes where it is text."""
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if isinstance(value, list):
        return "array(" + ", ".join(map(php, value)) + ")"
    return json.dumps(value)


def setup(found_in: dict[str, object]) -> bytes:
    """A file that sets all of this."""
    lines = [
        f"{name} = {php(value)};" if name.startswith("$") else f"define({php(name)}, {php(value)});"
        for name, value in found_in.items()
    ]
    return "\n".join(["<?php // a file of settings", "f();", *lines]).encode()


@FEW
@given(setups())
def test_any_settings_give_a_configuration_that_loads(found_in: dict[str, object]) -> None:
    """The configuration is valid for its adapters, and each text in it is unchanged."""
    found = import_settings(parse_script(setup(found_in)))
    if found is None:
        assert not found_in.keys() - {"$site"}
        return
    text, _ = configuration(found)
    table = tomllib.loads(text)
    loaded = Settings.merged(table, {"spool": {"url": "sqlite:////spool.db"}})
    for name, section in loaded.providers.items():
        plugins.settings_for(name, section)
        assert section.originators, "an empty list would mean all senders, where the PHP handler had none"
    for name, (provider, key) in KEYS.items():
        if provider in table.get("providers", {}):
            assert table["providers"][provider][key] == found_in[name]
    for name, provider in SENDERS.items():
        known = found_in.get(name)
        wanted = known if isinstance(known, list) else [known]
        for sender in loaded.providers[provider].originators if provider in loaded.providers else ():
            assert sender in wanted or sender == "nobody@bouncehandler.invalid"


@FEW
@given(setups())
@example({"$bounceCategories": "0\x85"})
def test_every_line_that_is_shown_loads_as_well(found_in: dict[str, object]) -> None:
    """Nothing from the file can end a comment or a text, so that it would become a setting of its own."""
    found = import_settings(parse_script(setup(found_in)))
    if found:
        for line in configuration(found)[0].splitlines():
            assert line.startswith("#") or tomllib.loads(line) or line == ""

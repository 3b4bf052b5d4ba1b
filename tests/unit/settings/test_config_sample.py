"""The sample configuration loads, shows the defaults, and mentions every setting."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bouncehandler import plugins
from bouncehandler.policy import DEFAULT_BOUNCE, DEFAULT_COMPLAINT, DEFAULT_STATUS
from bouncehandler.settings import load
from bouncehandler.settings.mail import NotifySettings, UnsubscribeSection
from bouncehandler.settings.model import ProviderSection, Settings
from bouncehandler.settings.sections import Section

FOLDER = Path(__file__).parents[3] / "config"
SAMPLE = FOLDER / "bouncehandler.toml"
HOME = {"HOME": "/home/pmta"}
SECTIONS = {
    name: field.annotation
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
}
BUILT_IN = ["file", "interspire", "mailwizz", "webhook"]


@pytest.fixture
def uncommented(tmp_path: Path) -> Path:
    """The sample with every example made active, as its first lines explain."""
    file = tmp_path / "bouncehandler.toml"
    file.write_text(re.sub(r"(?m)^#(?=\S)", "", SAMPLE.read_text()))
    return file


def keys_of(provider_type: str) -> dict[str, Any]:
    """The keys that an adapter has of its own."""
    return dict(plugins.load(provider_type).Settings.model_fields)


def test_the_sample_is_the_defaults() -> None:
    """The sample loads as it is and equals the defaults: it dispatches nothing."""
    assert load(SAMPLE, HOME) == load(Path("/dev/null"), HOME)
    assert load(SAMPLE, HOME).providers == {}


def test_every_default_is_shown() -> None:
    """Each setting of each section is active in the sample, so that its default can be read there."""
    shown = tomllib.loads(SAMPLE.read_text())
    assert set(SECTIONS) == {"spool", "policy", "dispatch", "hold", "log", "columns", "notify", "metrics"}
    for name, model in SECTIONS.items():
        fields = model.model_fields.items()
        without_default = {key for key, field in fields if (field.default, field.default_factory) == (None, None)}
        assert set(shown[name]) == model.model_fields.keys() - {"url"} - without_default
    assert list(shown["policy"]["bounce"]) == list(DEFAULT_BOUNCE)
    assert list(shown["policy"]["status"]) == list(DEFAULT_STATUS)
    assert list(shown["policy"]["complaint"]) == list(DEFAULT_COMPLAINT)


def test_every_key_of_mail_is_shown(uncommented: Path) -> None:
    """The examples of `[[unsubscribe]]` show, together, every key; those of `[notify]` the keys without a default."""
    shown = tomllib.loads(uncommented.read_text())
    assert {key for table in shown["unsubscribe"] for key in table} == UnsubscribeSection.model_fields.keys()
    assert shown["notify"].keys() == NotifySettings.model_fields.keys()


@pytest.mark.parametrize("provider_type", BUILT_IN)
def test_every_key_of_a_provider_is_shown(uncommented: Path, provider_type: str) -> None:
    """The examples of a type show, together, every key that its adapter has."""
    tables = tomllib.loads(uncommented.read_text())["providers"].values()
    shown = {key for table in tables if table["type"] == provider_type for key in table}
    assert keys_of(provider_type).keys() <= shown


def test_every_key_of_all_providers_is_shown(uncommented: Path) -> None:
    """One example shows every key that any provider may have, at its default where it has one."""
    news = tomllib.loads(uncommented.read_text())["providers"]["news"]
    assert ProviderSection.model_fields.keys() - {"options"} <= news.keys()
    section, bare = load(uncommented, HOME).providers["news"], ProviderSection(type="mailwizz")
    assert (section.concurrency, section.timeout) == (bare.concurrency, bare.timeout)


def test_every_example_loads(uncommented: Path) -> None:
    """The sample without its leading # is a configuration that the adapters accept."""
    settings = load(uncommented, HOME)
    assert settings.spool.url == "sqlite:////var/lib/bouncehandler/spool.db"
    assert {section.type for section in settings.providers.values()} == set(BUILT_IN)
    for name, section in settings.providers.items():
        notices = plugins.settings_for(name, section)
        assert notices.model_fields_set == section.options.get_secret_value().keys()


def test_defaults_of_adapters_are_shown(uncommented: Path) -> None:
    """Where an example's key has a default that is no pattern for a secret, the example shows it."""
    for table in tomllib.loads(uncommented.read_text())["providers"].values():
        fields = keys_of(table["type"])
        defaults = {key: fields[key].default for key in table.keys() & fields.keys() if not fields[key].is_required()}
        assert {key: table[key] for key, value in defaults.items() if value is not None} == {
            key: value for key, value in defaults.items() if value is not None
        }


def test_every_line_is_a_setting_or_a_sentence() -> None:
    """Lines with `# ` are for the operator; a setting that isn't active begins with `#` and its key."""
    for line in SAMPLE.read_text().splitlines():
        assert not re.match(r"#\s+\w+ = ", line), "a setting that taking away the # would leave indented"
        assert not line.startswith("#") or re.match(r"# ?$|# +\S|#\[|#[a-z_]+ = ", line)


def test_the_variables_that_the_sample_names_work() -> None:
    """Each variable that the texts name is one that is known."""
    texts = SAMPLE.read_text() + (FOLDER / "README.md").read_text()
    values = {
        "BOUNCEHANDLER_DISPATCH__GRACE": "5s",
        "BOUNCEHANDLER_PROVIDERS__NEWS__API_KEY": "x",
        "BOUNCEHANDLER_POLICY__BOUNCE__BAD_MAILBOX": "ignore",
    }
    named = set(re.findall(r"BOUNCEHANDLER_\w+", texts)) - {"BOUNCEHANDLER_CONFIG", "BOUNCEHANDLER_SECTION__KEY"}
    assert named == values.keys()
    settings = load(SAMPLE, HOME | values | {"BOUNCEHANDLER_PROVIDERS__NEWS__TYPE": "mailwizz"})
    assert settings.dispatch.grace == 5.0
    assert settings.policy.bounce["bad-mailbox"] == "ignore"
    assert settings.providers["news"].options.get_secret_value() == {"api_key": "x"}

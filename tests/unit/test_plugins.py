"""From a section of the configuration to an adapter, by the entry points that every plug-in uses."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from bouncehandler import plugins
from bouncehandler.settings import ConfigurationError
from bouncehandler.settings.model import ProviderSection
from bouncehandler.suppression import Outcome, Suppression

PLUG_IN = '''
"""A stranger's adapter."""
from pydantic import SecretStr, Field, field_validator, model_validator
from bouncehandler.provider import HttpUrl, ProviderSettings
from bouncehandler.suppression import Outcome

class Acme:
    class Settings(ProviderSettings):
        url: HttpUrl
        token: SecretStr
        pin: SecretStr | None = None
        keys: list[SecretStr] = []
        either: SecretStr | list[SecretStr] | None = None
        tags: list[str] = []
        headers: dict[str, str] = {}
        size: int = Field(1, ge=1)
        options: str = ""

        @field_validator("pin")
        @classmethod
        def _digits(cls, pin):
            if pin and not pin.get_secret_value().isdigit():
                raise ValueError(f"{pin.get_secret_value()!r} is not made of digits")
            return pin

        @model_validator(mode="after")
        def _agree(self):
            if self.size == 99:
                raise ValueError("size 99 needs a pin")
            return self

    def __init__(self, settings, client):
        if settings.size == 13:
            raise ValueError(f"refuses 13 with {settings.token.get_secret_value()}")
        self.settings, self.client = settings, client

    def unsubscribe(self, suppression):
        return Outcome("already", note=suppression.recipient)

class Unfinished:
    pass
'''
ENTRIES = """[bouncehandler.providers]
acme = acme_provider:Acme
broken = acme_broken:Broken
nothing = acme_provider:Missing
unfinished = acme_provider:Unfinished
"""
REQUIRED: dict[str, object] = {"url": "https://acme.example.com/", "token": "t0ken"}


@pytest.fixture(autouse=True)
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed distribution that registers adapters."""
    folder = tmp_path / "site"
    (folder / "acme-1.0.dist-info").mkdir(parents=True)
    (folder / "acme-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (folder / "acme-1.0.dist-info" / "entry_points.txt").write_text(ENTRIES)
    (folder / "acme_provider.py").write_text(PLUG_IN)
    (folder / "acme_broken.py").write_text("raise RuntimeError('needs\\nlibacme')")
    monkeypatch.syspath_prepend(str(folder))
    for module in ("acme_provider", "acme_broken"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    return folder


def section(provider_type: str = "acme", /, **table: object) -> ProviderSection:
    """A section as it comes from the configuration."""
    return ProviderSection.model_validate({"type": provider_type, **table})


def settings(**table: object) -> Any:  # noqa: ANN401  # the plug-in's own class
    """The plug-in's settings."""
    return plugins.settings_for("shop", section("acme", **(REQUIRED | table)))


def complaint(**table: object) -> str:
    """Messages about a table."""
    with pytest.raises(ConfigurationError) as error:
        settings(**table)
    return str(error.value)


def test_built_ins_and_plug_ins_come_in_by_one_door() -> None:
    """The types are the names of the entry points, whatever package registered them."""
    assert {"acme", "file", "interspire", "mailwizz", "webhook"} <= set(plugins.known_types())
    assert plugins.known_types() == sorted(plugins.known_types())


def test_a_plug_in_is_built_with_its_settings_and_a_client() -> None:
    """An adapter receives its validated settings and a client, and works."""
    adapter: Any = plugins.build("shop", section(**REQUIRED, size=5))
    assert adapter.settings.token.get_secret_value() == "t0ken"
    assert adapter.settings.size == 5
    suppression = Suppression(id="1", recipient="john@example.com", reason="bounce")
    assert adapter.unsubscribe(suppression) == Outcome("already", note="john@example.com")
    assert not adapter.client.is_closed
    adapter.client.close()


def test_a_client_of_the_caller_is_used() -> None:
    """The client is closed by its maker."""
    with plugins.client_for("shop", section()) as client:
        adapter: Any = plugins.build("shop", section(**REQUIRED), client)
        assert adapter.client is client


def test_the_client_is_what_the_section_asks_for(tmp_path: Path) -> None:
    """The section's time goes to the client, and a file of authorities that is none is an error."""
    with plugins.client_for("shop", section(timeout="7s", proxy="http://user:s3cr3t@proxy.example.com:3128")) as client:
        assert client.timeout.read == 7.0
    with pytest.raises(ConfigurationError, match=r"^providers\.shop: .*ca\.pem"):
        plugins.client_for("shop", section(ca_file=str(tmp_path / "ca.pem")))


def test_unknown_type_names_the_nearest() -> None:
    """A mistyped type is reported with the nearest that is installed; a wholly unknown one with them all."""
    with pytest.raises(ConfigurationError, match=r'^"mailwiz" is not a type .* did you mean mailwizz\?$'):
        plugins.load("mailwiz")
    with pytest.raises(ConfigurationError, match="known are acme, broken, file"):
        plugins.load("zzz\n" * 1000)
    with pytest.raises(ConfigurationError, match=r'^providers\.shop\.type: "acmee" is not a type'):
        plugins.settings_for("shop", section("acmee"))


@pytest.mark.parametrize(
    ("provider_type", "message"),
    [
        ("broken", 'acme_broken:Broken of type "broken" can\'t be imported: RuntimeError: needs libacme'),
        ("nothing", "can't be imported: AttributeError"),
        ("unfinished", "is not a class with a Settings derived from ProviderSettings; ask its author"),
    ],
)
def test_a_broken_plug_in_is_named(provider_type: str, message: str) -> None:
    """A plug-in that can't be used is one sentence, not its traceback."""
    with pytest.raises(ConfigurationError, match=re.escape(message)) as error:
        plugins.load(provider_type)
    assert len(str(error.value).splitlines()) == 1


def test_two_plug_ins_of_one_name_are_not_guessed_between(plug_in: Path) -> None:
    """Two packages that register the same name are an error; the same one found twice is not."""
    other = plug_in / "other-1.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (other / "entry_points.txt").write_text("[bouncehandler.providers]\nacme = acme_provider:Acme\n")
    assert plugins.load("acme").__name__ == "Acme"  # type: ignore[attr-defined]  # it is a class
    (other / "entry_points.txt").write_text("[bouncehandler.providers]\nacme = other:Acme\n")
    with pytest.raises(
        ConfigurationError, match='"acme" is installed more than once, as acme_provider:Acme and other:'
    ):
        plugins.load("acme")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"tokn": "x"}, "providers.shop.tokn is not a known key; did you mean token?"),
        ({"token_fil": "x"}, "providers.shop.token_fil is not a known key; did you mean token_file?"),
        ({"concurency": 1}, "providers.shop.concurency is not a known key; did you mean concurrency?"),
        ({"url": "x"}, "providers.shop.url is not a URL of the form https://host/path"),
        ({"size": 0}, "providers.shop.size must be greater than or equal to 1"),
        ({"size": 99}, "providers.shop: size 99 needs a pin"),
        ({"token": 5}, "providers.shop.token must be text in quotes"),
        ({"token": " "}, "providers.shop.token is empty; give it here, or in a file that token_file names"),
        ({"either": 5}, "providers.shop.either must be text in quotes"),
        ({"either": ["a", 5]}, "providers.shop.either must be text in quotes"),
        ({"tags": ["a", 5]}, "providers.shop.tags (entry 2) must be text in quotes"),
        ({"headers": {"X": 5}}, "providers.shop.headers.X must be text in quotes"),
        ({"pin": "12s3cr3t"}, "providers.shop.pin: '[...]' is not made of digits"),
    ],
)
def test_mistakes_are_reported_in_the_words_of_the_configuration(table: dict[str, Any], message: str) -> None:
    """A mistake in an adapter's keys is a sentence like those about any other key, and shows no secret."""
    assert message in complaint(**table).splitlines()


def test_what_is_missing_is_reported_with_its_way_out() -> None:
    """A missing secret is reported together with the file that may hold it."""
    with pytest.raises(ConfigurationError) as error:
        plugins.settings_for("shop", section())
    assert str(error.value).splitlines() == [
        "providers.shop.url is missing",
        "providers.shop.token is missing; give it here, or in a file that token_file names",
    ]


def test_an_adapter_that_refuses_its_settings_is_reported_without_the_secret(tmp_path: Path) -> None:
    """A ValueError from an adapter's constructor is the operator's to mend, and its text loses the secret."""
    (tmp_path / "token").write_text("t0ken-from-file")
    table = {"url": REQUIRED["url"], "token_file": str(tmp_path / "token"), "size": 13}
    with pytest.raises(ConfigurationError) as error:
        plugins.build("shop", section("acme", **table))
    assert str(error.value) == "providers.shop: refuses 13 with [...]"


@pytest.mark.parametrize(
    ("content", "secret"),
    [("abc\n", "abc"), ("abc", "abc"), ("abc\r\n", "abc"), ("a\nb\n\n", "a\nb\n"), (" ä ", " ä ")],
)
def test_a_secret_can_come_from_a_file(tmp_path: Path, content: str, secret: str) -> None:
    """One line end at the end of the file belongs to the file, all else to the secret."""
    (tmp_path / "token").write_bytes(content.encode())
    loaded = plugins.settings_for("shop", section(url=REQUIRED["url"], token_file=str(tmp_path / "token")))
    assert loaded.token.get_secret_value() == secret  # type: ignore[attr-defined]  # the plug-in's own field


def test_optional_and_several_secrets_can_come_from_files(tmp_path: Path) -> None:
    """Where there may be none, one or several, the file holds one secret a line."""
    (tmp_path / "pin").write_text("1234\n")
    (tmp_path / "one").write_text("one\n")
    (tmp_path / "two").write_text("one\ntwo\n")
    loaded = settings(
        pin_file=str(tmp_path / "pin"), keys_file=str(tmp_path / "one"), either_file=str(tmp_path / "two")
    )
    assert loaded.pin.get_secret_value() == "1234"
    assert [key.get_secret_value() for key in loaded.keys] == ["one"]
    assert [key.get_secret_value() for key in loaded.either] == ["one", "two"]
    assert settings(either_file=str(tmp_path / "one")).either.get_secret_value() == "one"


def test_files_that_hold_no_secret(tmp_path: Path) -> None:
    """A file that is missing, empty, too long or not text is reported with its path."""
    for name, data in {"empty": b" \n", "bytes": b"\xff\xfe", "long": b"x" * 70_000}.items():
        (tmp_path / name).write_bytes(data)
    for name, message in {
        "gone": f"can't be read: {tmp_path}/gone: No such file or directory",
        "empty": f"is empty: {tmp_path}/empty",
        "bytes": f"must be UTF-8 text, which {tmp_path}/bytes is not",
        "long": f"is longer than 65536 bytes: {tmp_path}/long",
    }.items():
        assert complaint(pin_file=str(tmp_path / name)) == f"providers.shop.pin_file {message}"
    assert complaint(pin_file=5) == "providers.shop.pin_file must be the path of a file"
    assert complaint(pin_file="\0").startswith("providers.shop.pin_file can't be read")


def test_a_secret_given_twice_is_not_guessed_at(tmp_path: Path) -> None:
    """A secret and its file together are an error: it is ambiguous."""
    (tmp_path / "token").write_text("other")
    found = complaint(token_file=str(tmp_path / "token"))
    assert found == "providers.shop.token is given twice, here and by token_file; keep one"


def test_text_from_the_environment_becomes_what_the_adapter_wants() -> None:
    """The environment knows only text: lists and tables are read from it where the model wants them."""
    loaded = settings(keys="a, b", tags='["x", "y z"]', headers='{"X": "1"}', size="3", either='["c", "d"]')
    assert [key.get_secret_value() for key in loaded.keys] == ["a", "b"]
    assert loaded.tags == ["x", "y z"]
    assert loaded.headers == {"X": "1"}
    assert loaded.size == 3
    assert [key.get_secret_value() for key in loaded.either] == ["c", "d"]
    assert settings(either="pass, word").either.get_secret_value() == "pass, word"
    assert settings(token="[not json").token.get_secret_value() == "[not json"


def test_an_adapter_may_have_a_key_called_options() -> None:
    """No name is taken from adapters but the common keys."""
    assert settings(options="mine").options == "mine"


def test_secrets_do_not_show_in_settings() -> None:
    """Printing an adapter's settings shows no secret."""
    assert "t0ken" not in repr(settings())


def test_deep_json_is_a_sentence() -> None:
    """A hostile value from the environment doesn't become a traceback."""
    assert "providers.shop.tags must be a list" in complaint(tags="[" * 100_000)
    assert "providers.shop.headers must be a table" in complaint(headers='{"a":' * 100_000)

"""A key that is not known: a FAIL and an exit status of 78, with the nearest key that is, and never with its value."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.acceptance.harness import Finished
from tests.acceptance.shell import alone, unstarted

HIDDEN = "0123456789abcdef0123456789abcdef01234567"
"""The secret of every example, as long as a MailWizz API key."""
ROW = b"type,orig,rcpt,bounceCat,dsnStatus\nb,,jane@example.com,bad-mailbox,5.1.1\n"
NEWS = '[providers.news]\ntype = "mailwizz"\nurl = "http://127.0.0.1:1/api"\n'
PREFIX = "BOUNCEHANDLER_PROVIDERS__NEWS__"
NEWS_VARIABLES = {f"{PREFIX}TYPE": "mailwizz", f"{PREFIX}URL": "http://127.0.0.1:1/api"}

PLUG_IN = """
from typing import Any

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

from bouncehandler.provider import ProviderSettings


class Login(BaseModel, extra="forbid"):
    user: str
    pin: SecretStr


class Acme:
    class Settings(ProviderSettings):
        endpoint: str = ""
        login: Login | None = None
        code: SecretStr | None = Field(default=None, alias="access-code")
        options: dict[str, Any] = {}

    def __init__(self, settings, client):
        if settings.endpoint == "refused":
            raise ValueError(f"refused {settings!r} {settings.code.get_secret_value()}")

    def unsubscribe(self, suppression): ...


class AnyKeys(Acme):
    class Settings(Acme.Settings, extra="allow"): ...


class Echoing(Acme):
    class Settings(Acme.Settings):
        @model_validator(mode="before")
        @classmethod
        def whole(cls, table):
            raise ValueError(f"is wrong: {table}")
"""


@dataclass(frozen=True)
class Unknown:
    """An unknown key in the file or the environment, and the words that its error must have."""

    words: tuple[str, ...]
    written: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)


KEYS = {
    "key of an adapter": Unknown(("providers.news.api_kye", "did you mean api_key?"), f'{NEWS}api_kye = "{HIDDEN}"\n'),
    "list": Unknown(("providers.news.api_kye", "did you mean api_key?"), f'{NEWS}api_kye = ["{HIDDEN}"]\n'),
    "table": Unknown(("providers.news.api_kye", "did you mean api_key?"), f'{NEWS}api_kye = {{ it = "{HIDDEN}" }}\n'),
    "capitals": Unknown(("providers.news.API_KEY", "did you mean api_key?"), f'{NEWS}API_KEY = "{HIDDEN}"\n'),
    "file of a secret": Unknown(
        ("providers.news.api_key_fiel", "did you mean api_key_file?"), f'{NEWS}api_key_fiel = "/{HIDDEN}"\n'
    ),
    "key of all providers": Unknown(
        ("providers.news.proxi", "did you mean proxy?"), f'{NEWS}proxi = "http://u:{HIDDEN}@127.0.0.1:1"\n'
    ),
    "our own word": Unknown(
        ("providers.news.options is not a known key",), f'{NEWS}[providers.news.options]\nit = "{HIDDEN}"\n'
    ),
    "section": Unknown(("provders", "did you mean providers?"), f'[provders.news]\napi_key = "{HIDDEN}"\n'),
    "key of a section": Unknown(("notify.pasword", "did you mean password?"), f'[notify]\npasword = "{HIDDEN}"\n'),
    "key of a table in a list": Unknown(
        ("unsubscribe.secrte", "did you mean secret?"),
        f'[[unsubscribe]]\ndomain = "u.example.com"\nsecrte = "{HIDDEN}"\n',
    ),
    "variable": Unknown(
        ("providers.news.api_kye", f"{PREFIX}API_KYE", "did you mean api_key?"),
        environ={**NEWS_VARIABLES, f"{PREFIX}API_KYE": HIDDEN},
    ),
    "variable beside a file": Unknown(
        ("providers.news.api_kye", f"{PREFIX}API_KYE", "did you mean api_key?"), NEWS, {f"{PREFIX}API_KYE": HIDDEN}
    ),
    "variable with a table": Unknown(
        ("providers.news.api_kye", PREFIX.removesuffix("__"), "did you mean api_key?"),
        environ={
            PREFIX.removesuffix("__"): json.dumps(
                {"type": "mailwizz", "url": "http://127.0.0.1:1/api", "api_kye": HIDDEN}
            )
        },
    ),
    "variable with all": Unknown(
        ("providers.news.api_kye", "BOUNCEHANDLER_PROVIDERS", "did you mean api_key?"),
        environ={
            "BOUNCEHANDLER_PROVIDERS": json.dumps(
                {"news": {"type": "mailwizz", "url": "http://127.0.0.1:1/api", "api_kye": HIDDEN}}
            )
        },
    ),
    "variable of no section": Unknown(
        ("provders", "BOUNCEHANDLER_PROVDERS__NEWS__API_KEY", "did you mean providers?"),
        environ={"BOUNCEHANDLER_PROVDERS__NEWS__API_KEY": HIDDEN},
    ),
    "variable of a section": Unknown(
        ("notify.pasword", "BOUNCEHANDLER_NOTIFY__PASWORD", "did you mean password?"),
        environ={"BOUNCEHANDLER_NOTIFY__PASWORD": HIDDEN},
    ),
    "plug-in": Unknown(
        ("providers.acme.acces-code", "did you mean access-code?"),
        f'[providers.acme]\ntype = "acme"\nacces-code = "{HIDDEN}"\n',
    ),
    "table of a plug-in": Unknown(
        ("providers.acme.login.pni", "did you mean pin?"),
        f'[providers.acme]\ntype = "acme"\nlogin = {{ user = "u", pni = "{HIDDEN}" }}\n',
    ),
}
"""Unknown keys, in the file and in the environment."""

MISTAKES = {
    "secret as a list": f'{NEWS}api_key = ["{HIDDEN}"]\n',
    "secret as a table": f'{NEWS}api_key = {{ value = "{HIDDEN}" }}\n',
    "text as a table": f'{NEWS}api_key = "{"k" * 40}"\naction = {{ pin = "{HIDDEN}" }}\n',
    "secret in the place of its file": f'{NEWS}api_key_file = "{HIDDEN}"\n',
    "password of a section in the place of its file": f'[notify]\npassword_file = "{HIDDEN}"\n',
    "password in a URL": f'{NEWS.replace("://", f"://api:{HIDDEN}@")}api_key = "{"k" * 40}"\n',
    "password with a slash in a URL": f'{NEWS.replace("://", f"://api:{HIDDEN}/x@")}api_key = "{"k" * 40}"\n',
    "password with a question mark": f'{NEWS.replace("://", f"://api:{HIDDEN}?x@")}api_key = "{"k" * 40}"\n',
    "password in a URL without a scheme": f'{NEWS.replace("http://", f"api:{HIDDEN}@")}api_key = "{"k" * 40}"\n',
    "fragment of a URL": f'{NEWS.replace("/api", f"api:x/#{HIDDEN}")}api_key = "{"k" * 40}"\n',
    "type that is not installed": f'[providers.news]\ntype = "mailwiz"\napi_kye = "{HIDDEN}"\n',
    "no TOML": f"{NEWS}api_key = {HIDDEN}\n",
    "open quote": f'{NEWS}api_key = "{HIDDEN}\n',
    "twice": f'{NEWS}api_key = "{HIDDEN}"\napi_key = "{HIDDEN}"\n',
    "plug-in that refuses": f'[providers.acme]\ntype = "acme"\nendpoint = "refused"\naccess-code = "{HIDDEN}"\n',
    "plug-in that repeats its table": f'[providers.acme]\ntype = "echoing"\nanything = "{HIDDEN}"\n',
    "table in a plug-in": f'[providers.acme]\ntype = "acme"\nlogin = {{ user = ["u"], pin = "{HIDDEN}" }}\n',
}
"""Other mistakes around a secret, each with an error that shows values."""


@pytest.fixture
def plug_ins(tmp_path: Path) -> dict[str, str]:
    """An environment in which adapters of another package are installed."""
    folder = tmp_path / "site"
    (folder / "acme-1.0.dist-info").mkdir(parents=True)
    (folder / "acme-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    entries = "".join(f"{name.lower()} = acme_plug_in:{name}\n" for name in ("Acme", "AnyKeys", "Echoing"))
    (folder / "acme-1.0.dist-info" / "entry_points.txt").write_text(f"[bouncehandler.providers]\n{entries}")
    (folder / "acme_plug_in.py").write_text(PLUG_IN)
    return {"PYTHONPATH": str(folder)}


def ran(folder: Path, written: str, environ: Mapping[str, str], *args: str) -> Finished:
    """The program on one bounce, with this configuration."""
    file = folder / "bouncehandler.toml"
    file.write_text(f'{written}[spool]\nurl = "sqlite:///{folder}/spool.db"\n')
    start = alone if "PYTHONPATH" in environ else unstarted  # plug-ins are looked for by Python's own path
    return start(folder, "--config", str(file), "--logfile", str(folder / "log"), *args, stdin=ROW, **environ)


def assert_hidden(folder: Path, *finished: Finished) -> None:
    """The secret is in no output and no file but the configuration."""
    for one in finished:
        assert HIDDEN not in one.stdout + one.stderr
        assert "Traceback" not in one.stdout + one.stderr
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "bouncehandler.toml"]
    assert [path.name for path in files if HIDDEN.encode() in path.read_bytes()] == []


@pytest.mark.parametrize("unknown", KEYS.values(), ids=KEYS.keys())
def test_unknown_key(tmp_path: Path, plug_ins: dict[str, str], unknown: Unknown) -> None:
    """An unknown key is a FAIL of `check`, in text and JSON, and ends a run with 78; its value is nowhere."""
    environ = dict(unknown.environ) | (plug_ins if "acme" in unknown.written else {})
    text, as_json, run = (
        ran(tmp_path, unknown.written, environ, *args) for args in (("check",), ("check", "--json"), ())
    )
    assert_hidden(tmp_path, text, as_json, run)
    assert (text.status, as_json.status, run.status) == (78, 78, 78)
    failed = [line for line in text.stdout.splitlines() if line.startswith("FAIL  configuration: ")]
    assert any(all(word in line for word in unknown.words) for line in failed), text.stdout
    assert " is valid" not in text.stdout
    wrong = [found["sentence"] for found in json.loads(as_json.stdout)["findings"] if found["mark"] == "wrong"]
    assert any(all(word in sentence for word in unknown.words) for sentence in wrong)
    named = [word for word in unknown.words if not word.startswith("BOUNCEHANDLER_")]
    for output in (run.stderr, (tmp_path / "log").read_text()):
        assert all(word in output for word in named)


@pytest.mark.parametrize("written", MISTAKES.values(), ids=MISTAKES.keys())
def test_mistake_around_a_secret(tmp_path: Path, plug_ins: dict[str, str], written: str) -> None:
    """A secret in a place where it does not belong is in no output and no log."""
    environ = plug_ins if "acme" in written else {}
    text, as_json, run = (ran(tmp_path, written, environ, *args) for args in (("check",), ("check", "--json"), ()))
    assert_hidden(tmp_path, text, as_json, run)
    assert (text.status, as_json.status, run.status) == (78, 78, 78)
    assert run.stderr.startswith("bouncehandler: ")


def test_keys_of_an_adapter_that_takes_any(tmp_path: Path, plug_ins: dict[str, str]) -> None:
    """Values of keys that an adapter's model does not name are hidden, as are those of its free tables."""
    free = f'[providers.acme]\ntype = "anykeys"\nanything = "{HIDDEN}"\noptions = {{ it = "{HIDDEN}" }}\n'
    nested = f'login = {{ user = "u", pin = "{HIDDEN}" }}\nendpoint = "here"\n'
    finished = ran(tmp_path, free + nested, plug_ins, "check")
    assert finished.status == 0, finished.stdout
    assert_hidden(tmp_path, finished)
    output = {line[6:].partition(" (from")[0] for line in finished.stdout.splitlines()}
    assert {'setting providers.acme.endpoint: is "here"', "setting providers.acme.anything: is set"} <= output
    assert {"setting providers.acme.login.pin: is set", 'setting providers.acme.login.user: is "u"'} <= output


def test_every_unknown_key_is_reported(tmp_path: Path) -> None:
    """Several unknown keys are a FAIL each; the known ones beside them are listed as ever."""
    written = f'{NEWS}api_kye = "{HIDDEN}"\nacton = "{HIDDEN}"\nrate = "5/s"\n'
    finished = ran(tmp_path, written, {}, "check")
    assert_hidden(tmp_path, finished)
    failed = [line for line in finished.stdout.splitlines() if line.startswith("FAIL  configuration: ")]
    assert len(failed) == 2
    assert "did you mean api_key?" in failed[0]
    assert "did you mean action?" in failed[1]
    assert 'setting providers.news.rate: is "5/s"' in finished.stdout

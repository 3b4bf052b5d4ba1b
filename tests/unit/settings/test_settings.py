"""The configuration: where it comes from, what it becomes, and what is reported when something is wrong."""

from datetime import timedelta
from pathlib import Path

import pytest

from bouncehandler.policy import DEFAULT_BOUNCE, DEFAULT_STATUS, Policy, Threshold
from bouncehandler.settings import ConfigurationError, load, sources
from bouncehandler.settings.model import Settings
from bouncehandler.settings.policy import PolicySettings

HOME = {"HOME": "/home/pmta"}


@pytest.fixture(autouse=True)
def no_system_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Replace the system's configuration file by a path of the test's own."""
    file = tmp_path / "etc" / "bouncehandler.toml"
    monkeypatch.setattr(sources, "SYSTEM_FILE", file)
    return file


def read(file: Path, text: str, **environ: str) -> Settings:
    """The settings of a text."""
    file.write_text(text)
    return load(file, HOME | environ)


def test_defaults_work_without_any_file() -> None:
    """Without a file the spool lies in the user's state folder and nothing is dispatched."""
    settings = load(None, HOME)
    assert settings.spool.url == "sqlite:////home/pmta/.local/state/bouncehandler/spool.db"
    assert settings.providers == {}


def test_defaults_are_those_of_the_policy() -> None:
    """Without a file the policy is the one that the policy itself documents."""
    settings = load(None, HOME)
    assert settings.policy.bounce == DEFAULT_BOUNCE
    assert settings.policy.status == DEFAULT_STATUS
    assert settings.policy == PolicySettings()


def test_state_folder_can_be_elsewhere() -> None:
    """XDG_STATE_HOME moves the spool; a relative one is ignored, as its specification states."""
    assert (
        load(None, HOME | {"XDG_STATE_HOME": "/var/state"}).spool.url == "sqlite:////var/state/bouncehandler/spool.db"
    )
    assert load(None, HOME | {"XDG_STATE_HOME": "state"}).spool.url.startswith("sqlite:////home/pmta/")


def test_without_a_home_the_spool_must_be_configured() -> None:
    """Without a home the spool's place has to be named, and the error says so."""
    with pytest.raises(ConfigurationError, match=r"^spool\.url is missing; set where"):
        load(None, {})
    assert load(None, {"BOUNCEHANDLER_SPOOL__URL": "sqlite:////x/spool.db"}).spool.url == "sqlite:////x/spool.db"


def test_named_file_goes_before_variable_before_system_file(tmp_path: Path, no_system_file: Path) -> None:
    """--config goes before $BOUNCEHANDLER_CONFIG, which goes before the system's file; one file is read."""
    no_system_file.parent.mkdir()
    for name, rows in [("named", 1), ("variable", 2), ("etc/bouncehandler", 3)]:
        (tmp_path / f"{name}.toml").write_text(f"[spool]\nbatch_rows = {rows}")
    variable = HOME | {"BOUNCEHANDLER_CONFIG": str(tmp_path / "variable.toml")}
    assert load(tmp_path / "named.toml", variable).spool.batch_rows == 1
    assert load(None, variable).spool.batch_rows == 2
    assert load(None, HOME).spool.batch_rows == 3
    assert load(None, HOME | {"BOUNCEHANDLER_CONFIG": ""}).spool.batch_rows == 3


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    """A file that was named and that can't be read is an error, not a reason to go on without."""
    with pytest.raises(ConfigurationError, match=r"gone\.toml: the configuration can't be read: No such file"):
        load(tmp_path / "gone.toml", HOME)
    with pytest.raises(ConfigurationError, match=r"gone\.toml \(named by BOUNCEHANDLER_CONFIG\): .* No such file"):
        load(None, HOME | {"BOUNCEHANDLER_CONFIG": str(tmp_path / "gone.toml")})
    with pytest.raises(ConfigurationError, match="Is a directory"):
        load(tmp_path, HOME)
    with pytest.raises(ConfigurationError, match="can't be read"):
        load(Path("\0"), HOME)


def test_a_system_file_that_cannot_be_read_is_an_error(no_system_file: Path) -> None:
    """A system file that is there but can't be read isn't passed over in silence."""
    no_system_file.mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="Is a directory"):
        load(None, HOME)


def test_environment_goes_over_file_key_by_key(file: Path) -> None:
    """A variable replaces one key and leaves its neighbours in the file alone."""
    settings = read(
        file,
        '[dispatch]\ngrace = "1s"\npatience = "2s"\n[providers.news]\ntype = "mailwizz"\nconcurrency = 4',
        BOUNCEHANDLER_DISPATCH__GRACE="5s",
        BOUNCEHANDLER_PROVIDERS__NEWS__CONCURRENCY="16",
        BOUNCEHANDLER_PROVIDERS__NEWS__API_KEY="00123",
        BOUNCEHANDLER_PROVIDERS__CRM__TYPE="webhook",
    )
    assert (settings.dispatch.grace, settings.dispatch.patience) == (5.0, 2.0)
    assert settings.providers["news"].concurrency == 16
    assert settings.providers["news"].options.get_secret_value() == {"api_key": "00123"}
    assert settings.providers["crm"].type == "webhook"


def test_every_key_can_come_from_the_environment() -> None:
    """Numbers, words, durations, rates, lists, categories and status patterns can all be given by variables."""
    settings = load(
        None,
        HOME
        | {
            "BOUNCEHANDLER_SPOOL__BATCH_ROWS": "50",
            "BOUNCEHANDLER_LOG__ADDRESSES": "plain",
            "BOUNCEHANDLER_DISPATCH__SCHEDULE": "1m, 2m 3m",
            "BOUNCEHANDLER_COLUMNS__B": '["type", "rcpt"]',
            "BOUNCEHANDLER_POLICY__SUPPRESSION_LIST_HIT": "suppress",
            "BOUNCEHANDLER_POLICY__BOUNCE__BAD_MAILBOX": "ignore",
            "BOUNCEHANDLER_POLICY__BOUNCE__QUOTA_ISSUES__SUPPRESS_AFTER": "9",
            "BOUNCEHANDLER_POLICY__STATUS__4_X_X": "ignore",
            "BOUNCEHANDLER_PROVIDERS__NEWS__TYPE": "mailwizz",
            "BOUNCEHANDLER_PROVIDERS__NEWS__RATE": "60/m",
            "BOUNCEHANDLER_PROVIDERS__NEWS__ORIGINATORS": "a@example.com,*@b.example.com",
        },
    )
    assert (settings.spool.batch_rows, settings.log.addresses) == (50, "plain")
    assert settings.dispatch.schedule == [60.0, 120.0, 180.0]
    assert settings.columns.b == ["type", "rcpt"]
    assert settings.policy.suppression_list_hit == "suppress"
    assert settings.policy.bounce["bad-mailbox"] == "ignore"
    assert settings.policy.bounce["quota-issues"] == Threshold(9, timedelta(days=21))
    assert settings.policy.status["4.x.x"] == "ignore"
    assert settings.providers["news"].rate == 1.0
    assert settings.providers["news"].originators == ["a@example.com", "*@b.example.com"]


def test_a_whole_table_can_come_as_json() -> None:
    """Keys that no variable's name can hold, such as `*`, go into a table as JSON; single keys override it."""
    settings = load(
        None,
        HOME
        | {
            "BOUNCEHANDLER_POLICY__BOUNCE__BAD_DOMAIN": "ignore",
            "BOUNCEHANDLER_POLICY__BOUNCE": '{"*": "suppress", "bad-domain": "suppress"}',
        },
    )
    assert (settings.policy.bounce["*"], settings.policy.bounce["bad-domain"]) == ("suppress", "ignore")


def test_json_that_is_none_is_reported_without_its_value() -> None:
    """A table that isn't JSON is an error that names the variable, and no value: there may be a secret in it."""
    with pytest.raises(ConfigurationError, match=r"BOUNCEHANDLER_PROVIDERS in the environment .* not a JSON") as error:
        load(None, HOME | {"BOUNCEHANDLER_PROVIDERS": '{"news": {"api_key": "s3cr3t"'})
    assert "s3cr3t" not in str(error.value)


def test_a_secret_that_looks_like_json_stays_what_it_is() -> None:
    """A provider's own values are text, whatever they look like."""
    environ = HOME | {"BOUNCEHANDLER_PROVIDERS__N__TYPE": "x", "BOUNCEHANDLER_PROVIDERS__N__KEY": '{"a": 1}'}
    assert load(None, environ).providers["n"].options.get_secret_value() == {"key": '{"a": 1}'}


def test_naming_one_category_keeps_the_other_defaults(file: Path) -> None:
    """An operator who names one category, or one status, keeps the defaults of the others."""
    policy = read(
        file,
        '[policy.bounce]\n"bad-mailbox" = "ignore"\nown = {suppress_after = 2, within = "1d"}\n'
        '[policy.status]\n"5.2.x" = "count"',
    ).policy
    assert policy.bounce == {**DEFAULT_BOUNCE, "bad-mailbox": "ignore", "own": Threshold(2, timedelta(days=1))}
    assert policy.status == {**DEFAULT_STATUS, "5.2.x": DEFAULT_STATUS["4.x.x"]}
    assert Policy(policy.bounce, policy.status, policy.suppression_list_hit).of_category("bad-mailbox").rule


def test_paths_of_a_provider_are_looked_for_where_credentials_are(tmp_path: Path, file: Path) -> None:
    """A relative `..._file` is systemd's credential where there is one of that name, else lies beside the file."""
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "key").write_text("x")
    news = read(
        file,
        '[providers.news]\ntype = "x"\napi_key_file = "key"\nca_file = "ca.pem"\nother_file = "/abs/olute"',
        CREDENTIALS_DIRECTORY=str(credentials),
    ).providers["news"]
    assert news.ca_file == tmp_path / "ca.pem"
    assert news.options.get_secret_value() == {"api_key_file": str(credentials / "key"), "other_file": "/abs/olute"}


def test_secrets_do_not_show(file: Path) -> None:
    """Neither an adapter's keys nor the proxy's password are in anything that prints the settings."""
    settings = read(
        file, '[providers.n]\ntype = "x"\napi_key = "s3cr3t"\nnested = {a = "s3cr3t"}\nproxy = "http://u:s3cr3t@h:1"'
    )
    assert "s3cr3t" not in repr(settings) + str(settings) + repr(settings.model_dump()) + settings.model_dump_json()


def test_other_variables_are_left_alone() -> None:
    """Only variables that begin with BOUNCEHANDLER_ are looked at."""
    assert load(None, HOME | {"BOUNCEHANDLERS__X": "1", "SPOOL__URL": "1", "bouncehandler_x": "1"}) == load(None, HOME)


def test_the_process_environment_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment that was passed in counts, not the process's."""
    monkeypatch.setenv("BOUNCEHANDLER_SPOOL__BATCH_ROWS", "7")
    monkeypatch.setenv("SPOOL", "{}")
    assert load(None, HOME).spool.batch_rows == 1000


def test_what_is_kept_by_kind(file: Path) -> None:
    """A kind that is not named is kept for `keep_done`; "forever", too, is a time of its own."""
    text = '[spool]\nkeep_done = "30d"\n[spool.keep]\ncomplaint = "forever"\nattempts = "7d"'
    spool = read(file, text, BOUNCEHANDLER_SPOOL__KEEP__LIST="1d").spool
    kinds = ("bounce", "complaint", "unsubscribe", "list", "attempts")
    assert [spool.kept(kind) for kind in kinds] == [30 * 86400, None, 30 * 86400, 86400, 7 * 86400]
    assert {load(None, HOME).spool.kept(kind) for kind in kinds} == {90 * 86400}
    forever = read(file, '[spool]\nkeep_done = "forever"\n[spool.keep]\nbounce = "365d"').spool
    assert (forever.kept("bounce"), forever.kept("list")) == (365 * 86400, None)

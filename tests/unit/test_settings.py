"""The configuration: where it comes from, what it becomes, and what is said when something is wrong."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from bouncehandler.policy import DEFAULT_BOUNCE, DEFAULT_STATUS, Policy, Threshold
from bouncehandler.settings import ConfigurationError, load, sources
from bouncehandler.settings.model import PolicySettings, Settings

HOME = {"HOME": "/home/pmta"}


@pytest.fixture(autouse=True)
def no_system_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Whatever this machine has in /etc, the tests have a place of their own for it."""
    file = tmp_path / "etc" / "bouncehandler.toml"
    monkeypatch.setattr(sources, "SYSTEM_FILE", file)
    return file


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file to write a configuration to."""
    return tmp_path / "bouncehandler.toml"


def read(file: Path, text: str, **environ: str) -> Settings:
    """The settings of a text."""
    file.write_text(text)
    return load(file, HOME | environ)


def complaint(file: Path, text: str, **environ: str) -> str:
    """What is said about a text, below the file's name."""
    with pytest.raises(ConfigurationError) as error:
        read(file, text, **environ)
    return str(error.value).replace(f"{file}", "FILE")


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
    """XDG_STATE_HOME moves the spool; a relative one is ignored, as its specification says."""
    assert (
        load(None, HOME | {"XDG_STATE_HOME": "/var/state"}).spool.url == "sqlite:////var/state/bouncehandler/spool.db"
    )
    assert load(None, HOME | {"XDG_STATE_HOME": "state"}).spool.url.startswith("sqlite:////home/pmta/")


def test_nobody_without_a_home_gets_a_spool_by_guess() -> None:
    """Without a home the spool's place has to be named, and the error says so."""
    with pytest.raises(ConfigurationError, match=r"^spool\.url is missing; say where"):
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
    """A file that somebody named and that can't be read is an error, not a reason to go on without."""
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
    """What a variable's name can't say, such as `*`, goes into a table as JSON; single keys go over it."""
    settings = load(
        None,
        HOME
        | {
            "BOUNCEHANDLER_POLICY__BOUNCE__BAD_DOMAIN": "ignore",
            "BOUNCEHANDLER_POLICY__BOUNCE": '{"*": "suppress", "bad-domain": "suppress"}',
        },
    )
    assert (settings.policy.bounce["*"], settings.policy.bounce["bad-domain"]) == ("suppress", "ignore")


def test_json_that_is_none_is_told_without_its_value() -> None:
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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[polcy]", "FILE: polcy is not a known key; did you mean policy?"),
        ("[dispatch]\ngrase = 1", "FILE: dispatch.grase is not a known key; did you mean grace?"),
        ("[log]\nzzz = 1", "FILE: log.zzz is not a known key; known here are addresses, level"),
        ("dispatch = 5", "FILE: dispatch must be a table"),
        ("[providers]\nnews = 5", "FILE: providers.news must be a table"),
        ("[providers.news]", "FILE: providers.news.type is missing"),
        ('[providers.News]\ntype = "x"', "FILE: providers.News is not a name for a provider; use a to z, 0 to 9 and _"),
        ('[dispatch]\ngrace = "10"', "FILE: dispatch.grace: '10' is not a duration; write it with units, such as"),
        ("[dispatch]\ngrace = 10", 'FILE: dispatch.grace must be text with a unit, such as "10s"'),
        ('[dispatch]\nprobe_every = "0s"', "FILE: dispatch.probe_every must be greater than 0"),
        ("[dispatch]\nschedule = []", "FILE: dispatch.schedule must not be empty"),
        ('[dispatch]\nschedule = ["1m", "x"]', "FILE: dispatch.schedule (entry 2): 'x' is not a duration;"),
        ("[dispatch]\nschedule = 5", "FILE: dispatch.schedule must be a list"),
        ('[dispatch]\nschedule = "[1m"', "FILE: dispatch.schedule begins with [ but is not a JSON list"),
        (
            '[spool]\nurl = "postgresql://x"',
            "FILE: spool.url must be sqlite:/// and a path, such as sqlite:////var/lib/",
        ),
        ("[spool]\nbatch_rows = 0", "FILE: spool.batch_rows must be greater than or equal to 1"),
        ("[spool]\nbatch_rows = true", "FILE: spool.batch_rows must be a whole number"),
        ("[spool]\nbatch_rows = 1.5", "FILE: spool.batch_rows must be a whole number"),
        ('[log]\naddresses = "all"', "FILE: log.addresses must be 'masked' or 'plain'"),
        ("[policy]\nsuppression_list_hit = true", "FILE: policy.suppression_list_hit must be 'suppress' or 'ignore'"),
        ("[policy]\ncomplaint = {}", "FILE: policy.complaint is not a known key; known here are bounce, status,"),
        ('[policy.bounce]\nbad-mailbox = "no"', 'FILE: policy.bounce.bad-mailbox must be "suppress", "ignore" or a'),
        ('[policy.bounce]\n"*" = "count"', 'FILE: policy.bounce."*" must be "suppress", "ignore" or a table such as'),
        ('[policy.bounce]\nbad_mailbox = "ignore"', "FILE: policy.bounce.bad_mailbox is not how PowerMTA writes it;"),
        (
            "[policy.bounce]\nx = {suppress_after = 1}",
            "FILE: policy.bounce.x.suppress_after must be greater than or equal",
        ),
        (
            "[policy.bounce]\nx = {suppress_after = 2, withn = 1}",
            "FILE: policy.bounce.x.withn is not a known key; did you",
        ),
        (
            '[policy.status]\n"4.xx" = "ignore"',
            'FILE: policy.status."4.xx" must be a status such as 5.1.1, or a pattern',
        ),
        ('[columns]\nb = ["rcpt", "type"]', "FILE: columns.b must begin with the column type and hold the column rcpt"),
        (
            '[providers.n]\ntype = "x"\nconcurrency = 257',
            "FILE: providers.n.concurrency must be less than or equal to 256",
        ),
        ('[providers.n]\ntype = "x"\nrate = "5"', "FILE: providers.n.rate: '5' is not a rate; write it as 50/s,"),
        (
            '[providers.n]\ntype = "x"\noriginators = ["x"]',
            "FILE: providers.n.originators (entry 1) must be an address",
        ),
        (
            '[providers.n]\ntype = "x"\nproxy = "socks5://u:s3cr3t@h"',
            "FILE: providers.n.proxy is not a URL of the form",
        ),
        ('[providers.n]\ntype = "x"\nca_file = 5', "FILE: providers.n.ca_file must be the path of a file"),
    ],
)
def test_each_mistake_has_its_sentence(file: Path, text: str, said: str) -> None:
    """A mistake is one sentence with file, key as TOML writes it, and what to write instead; it shows no secret."""
    found = complaint(file, text)
    assert found.startswith(said)
    assert len(found.splitlines()) == 1
    assert "s3cr3t" not in found


def test_every_mistake_is_told_at_once(file: Path) -> None:
    """Several mistakes are several lines, in the order of the settings."""
    found = complaint(file, '[log]\nlevl = "info"\n[spool]\nbatch_rows = "x"\n[dispatch]\ngrace = "x"')
    assert [line.split()[1] for line in found.splitlines()] == ["spool.batch_rows", "dispatch.grace:", "log.levl"]


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("BOUNCEHANDLER_DISPTACH__GRACE", "disptach is not a known key; did you mean dispatch?"),
        ("BOUNCEHANDLER_DISPATCH__GRASE", "dispatch.grase is not a known key; did you mean grace?"),
        ("BOUNCEHANDLER_DISPATCH", "dispatch must be a table"),
        ("BOUNCEHANDLER_DISPATCH__GRACE", "dispatch.grace: '1x' is not a duration;"),
        ("BOUNCEHANDLER_DISPATCH__SCHEDULE", "dispatch.schedule (entry 1): '1x' is not a duration;"),
        ("BOUNCEHANDLER_PROVIDERS__CRM__API_KEY", "providers.crm.type is missing"),
        ("BOUNCEHANDLER_CONFG", "confg is not a known key;"),
        ("BOUNCEHANDLER_", '"" is not a known key;'),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(file: Path, variable: str, said: str) -> None:
    """Who mistyped a variable is told its name, not the file's."""
    found = complaint(file, '[dispatch]\ngrace = "10s"\n[providers.news]\ntype = "x"', **{variable: "1x"})
    assert found.startswith(f"{variable} in the environment: {said}")


def test_other_variables_are_nobodys_business() -> None:
    """Only variables that begin with BOUNCEHANDLER_ are looked at."""
    assert load(None, HOME | {"BOUNCEHANDLERS__X": "1", "SPOOL__URL": "1", "bouncehandler_x": "1"}) == load(None, HOME)


def test_the_process_environment_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts is the environment that was passed in."""
    monkeypatch.setenv("BOUNCEHANDLER_SPOOL__BATCH_ROWS", "7")
    monkeypatch.setenv("SPOOL", "{}")
    assert load(None, HOME).spool.batch_rows == 1000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = 1\nb = c\n", "FILE, line 2, column 5: Invalid value; text belongs in quotes"),
        ("[spool", "FILE, line 1, column 7: "),
        ('a = "x\n', "FILE, line 1, column 7: "),
        ("a = [1,\n2", "FILE, line 2, column 2: Unclosed array"),
        ("[spool]\n[spool]", "FILE, line 2, column 7: Cannot declare"),
    ],
)
def test_syntax_errors_have_line_and_column(file: Path, text: str, said: str) -> None:
    """What isn't TOML is told by line and column."""
    assert complaint(file, text).startswith(said)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a = 1\n\xff", "line 2: the configuration must be UTF-8 text"),
        (b"a = " + b"[" * 100_000, "nested too deep"),
        (b"a = " + b"9" * 100_000, "too long"),
        (b"#" * 4_194_305, "longer than 4194304 bytes"),
    ],
    ids=["bytes", "brackets", "digits", "size"],
)
def test_hostile_files_are_refused(file: Path, data: bytes, said: str) -> None:
    """A file that would exhaust a parser is one sentence like any other."""
    file.write_bytes(data)
    with pytest.raises(ConfigurationError, match=said):
        load(file, HOME)


def test_a_file_from_windows_is_read(file: Path) -> None:
    """A byte order mark and CRLF do no harm."""
    file.write_bytes(b"\xef\xbb\xbf[spool]\r\nbatch_rows = 5\r\n")
    assert load(file, HOME).spool.batch_rows == 5


def test_hostile_keys_stay_on_one_line(file: Path) -> None:
    """A key with control characters, or of any length, can't forge a line of the error."""
    found = complaint(file, '"a\\nFILE: all is well\\u001b[2J\\u202e" = 1\n"' + "k" * 100_000 + '" = 1')
    assert len(found.splitlines()) == 2
    assert all(line.isprintable() and len(line) < 300 for line in found.splitlines())


NAMES = st.sampled_from(
    [
        "spool",
        "policy",
        "bounce",
        "status",
        "dispatch",
        "schedule",
        "providers",
        "news",
        "type",
        "log",
        "a",
        '"*"',
        "url",
    ]
)
VALUES = st.sampled_from(
    ["1", '"x"', '"10m"', "[]", '["1m"]', "{}", "{a=1}", "1979-05-27", "true", "nan", "-inf", '"\\u0000"', "[[[]]]"]
)
LINES = st.one_of(
    st.tuples(NAMES, VALUES).map(" = ".join),
    st.lists(NAMES, min_size=1, max_size=4).map(lambda names: f"[{'.'.join(names)}]"),
    st.text(max_size=20),
)


@budget(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(LINES, max_size=8).map("\n".join))
@example("[providers.news]\ntype = 1979-05-27\n")
@example('providers = [1]\npolicy = [{bounce = 1}]\n"" = 1')
def test_any_text_is_settings_or_sentences(file: Path, text: str) -> None:
    """Whatever stands in the file: there are settings, or there are sentences that begin with the file's name."""
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        load(file, HOME)
    except ConfigurationError as error:
        assert all(line.startswith(str(file)) for line in str(error).splitlines())  # noqa: PT017  # either way is right


@budget(max_examples=300, deadline=None)
@given(st.dictionaries(st.text(max_size=20), st.binary(max_size=12).map(os.fsdecode), max_size=4))
@example({"DISPATCH__GRACE": "10s", "DISPATCH__GRACE__X": "1", "POLICY__BOUNCE": '{"a": {"b": {}}}'})
@example({"POLICY": "[]", "PROVIDERS": '{"n": []}', "LOG__\udc80": "\udc80", "PROVIDERS__N__TYPE": "\udc80"})
def test_any_environment_is_settings_or_sentences(variables: dict[str, str]) -> None:
    """Whatever the variables hold, bytes that are no text included, there are settings or sentences."""
    variables = {f"BOUNCEHANDLER_{name}": value for name, value in variables.items() if name != "CONFIG"}
    try:
        load(None, HOME | variables)
    except ConfigurationError as error:
        assert "BOUNCEHANDLER_" in str(error)  # noqa: PT017  # either way is right

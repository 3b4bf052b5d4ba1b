"""Messages about a configuration with mistakes: sentences, never a traceback and never a secret."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from bouncehandler.settings import ConfigurationError, load, sources

HOME = {"HOME": "/home/pmta"}


@pytest.fixture(autouse=True)
def no_system_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the system's configuration file by a path of the test's own."""
    monkeypatch.setattr(sources, "SYSTEM_FILE", tmp_path / "none.toml")


def complaint(file: Path, text: str, **environ: str) -> str:
    """Messages about a text, below the file's name."""
    file.write_text(text)
    with pytest.raises(ConfigurationError) as error:
        load(file, HOME | environ)
    return str(error.value).replace(f"{file}", "FILE")


@pytest.mark.parametrize(
    ("text", "message"),
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
        ("[spool.keep]\nlisted = 1", "FILE: spool.keep.listed is not a known key; did you mean list?"),
        (
            "[spool.keep]\nzzz = 1",
            "FILE: spool.keep.zzz is not a known key; known here are attempts, bounce, complaint, figures, list,",
        ),
        ("[spool.keep]\nbounce = 90", 'FILE: spool.keep.bounce must be a time such as "90d", or "forever"'),
        ('[spool]\nkeep = "90d"', "FILE: spool.keep must be a table"),
        ("[spool]\nbatch_rows = 0", "FILE: spool.batch_rows must be greater than or equal to 1"),
        ("[spool]\nbatch_rows = true", "FILE: spool.batch_rows must be a whole number"),
        ("[spool]\nbatch_rows = 1.5", "FILE: spool.batch_rows must be a whole number"),
        ('[log]\naddresses = "all"', "FILE: log.addresses must be 'masked' or 'plain'"),
        ("[policy]\nsuppression_list_hit = true", "FILE: policy.suppression_list_hit must be 'suppress' or 'ignore'"),
        ("[policy]\ncomplaints = {}", "FILE: policy.complaints is not a known key; did you mean complaint?"),
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
        (
            '[providers.n]\ntype = "x"\nproxy = "http://u:p@h:s3cr3t"',
            "FILE: providers.n.proxy is not a URL of the form",
        ),
        ('[providers.n]\ntype = "x"\nca_file = 5', "FILE: providers.n.ca_file must be the path of a file"),
    ],
)
def test_each_mistake_has_its_sentence(file: Path, text: str, message: str) -> None:
    """A mistake is one sentence with file, key as TOML writes it, and what to write instead; it shows no secret."""
    found = complaint(file, text)
    assert found.startswith(message)
    assert len(found.splitlines()) == 1
    assert "s3cr3t" not in found


def test_every_mistake_is_reported_at_once(file: Path) -> None:
    """Several mistakes are several lines, in the order of the settings."""
    found = complaint(file, '[log]\nlevl = "info"\n[spool]\nbatch_rows = "x"\n[dispatch]\ngrace = "x"')
    assert [line.split()[1] for line in found.splitlines()] == ["spool.batch_rows", "dispatch.grace:", "log.levl"]


@pytest.mark.parametrize(
    ("variable", "message"),
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
def test_a_mistake_in_the_environment_names_the_variable(file: Path, variable: str, message: str) -> None:
    """A mistyped variable is reported by its name, not by the file's."""
    found = complaint(file, '[dispatch]\ngrace = "10s"\n[providers.news]\ntype = "x"', **{variable: "1x"})
    assert found.startswith(f"{variable} in the environment: {message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 1\nb = c\n", "FILE, line 2, column 5: Invalid value; text belongs in quotes"),
        ("[spool", "FILE, line 1, column 7: "),
        ('a = "x\n', "FILE, line 1, column 7: "),
        ("a = [1,\n2", "FILE, line 2, column 2: Unclosed array"),
        ("[spool]\n[spool]", "FILE, line 2, column 7: Cannot declare"),
    ],
)
def test_syntax_errors_have_line_and_column(file: Path, text: str, message: str) -> None:
    """A syntax error is reported by line and column."""
    assert complaint(file, text).startswith(message)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a = 1\n\xff", "line 2: the configuration must be UTF-8 text"),
        (b"a = " + b"[" * 100_000, "nested too deep"),
        (b"a = " + b"9" * 100_000, "too long"),
        (b"#" * 4_194_305, "longer than 4194304 bytes"),
    ],
    ids=["bytes", "brackets", "digits", "size"],
)
def test_hostile_files_are_refused(file: Path, data: bytes, message: str) -> None:
    """A file that would exhaust a parser is one sentence like any other."""
    file.write_bytes(data)
    with pytest.raises(ConfigurationError, match=message):
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

"""Metrics: their values, the endpoint, the textfile, and the dashboards and alerts built on them."""

import json
import re
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from socket import create_server

import pytest

from bouncehandler.settings.sections import MetricsSettings
from tests.acceptance.harness import Program, accounting, bounce
from tests.fakes.server import Answer, FakeServer

_DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
_ALERTS = _DEPLOY / "prometheus" / "alerts.yml"
_SAMPLE = re.compile(r"^(bouncehandler_\w+)(\{[^}]*\})? (\S+)$", re.MULTILINE)
_BASE = ("type", "timeLogged", "orig", "rcpt")


def _promtool(*args: str, folder: Path, given: str = "") -> str:
    """Output of promtool; empty without a complaint."""
    found = shutil.which("promtool")
    assert found, "promtool is missing (on Debian: apt-get install --no-install-recommends prometheus)"
    ended = subprocess.run([found, *args], input=given, capture_output=True, text=True, cwd=folder, check=False)
    return ended.stdout + ended.stderr if ended.returncode else ""


def _samples(text: str) -> dict[str, float]:
    """Values by name and labels."""
    return {name + labels: float(value) for name, labels, value in _SAMPLE.findall(text)}


def _row(record_type: str, **cells: str) -> dict[str, str]:
    plain = bounce("ann@example.com")
    return {name: plain[name] for name in _BASE} | {"type": record_type, **cells}


class _Site:
    """One installation, after a run with something of everything."""

    def __init__(self, folder: Path, *, dead: str, sound: str) -> None:
        self.program = Program(folder)
        self.textfile = folder / "bouncehandler.prom"
        providers = {
            "sound": {"type": "webhook", "url": sound, "secret": "whsec_" + "c2VjcmV0" * 4},
            "dead": {"type": "webhook", "url": dead, "secret": "whsec_" + "c2VjcmV0" * 4},
        }
        self.program.configure({"metrics": {"textfile": str(self.textfile)}}, **providers)
        rows = [
            *(bounce(f"user{n}@example.com") for n in range(3)),
            bounce("soft@example.com", "quota-issues", dsnStatus="5.2.2 (full)"),
            *(bounce(f"ignored{n}@example.com", "spam-related", dsnStatus="5.7.1 (no)") for n in range(4)),
            *(_row("d") for _ in range(5)),
            *(_row(kind) for kind in ("t", "tq", "r", "rs")),
            _row("f", feedbackType="abuse", rcpt="angry@example.com"),
        ]
        data = accounting(rows, "type,timeLogged,timeQueued,orig,rcpt,dsnStatus,dsnDiag,bounceCat,feedbackType,vmta")
        self.finished = self.program.feed(data + b'b,"jane.doe@example.com" x,y\nzz,jane.doe@example.com\n')
        self.text = self.textfile.read_text()
        self.samples = _samples(self.text)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Site]:
    """One provider takes everything, the other refuses everything for good."""
    with FakeServer() as sound, FakeServer() as dead:
        sound.always = Answer(204)
        dead.always = Answer(410)
        yield _Site(tmp_path_factory.mktemp("site"), dead=f"{dead.url}/hook", sound=f"{sound.url}/hook")


def test_records_are_counted_by_type_and_verdict(site: _Site) -> None:
    """Every row read is in `records` by verdict, or in `unreadable` by reason."""
    read = ("bouncehandler_records", "bouncehandler_unreadable")
    found = {key: number for key, number in site.samples.items() if key.startswith(read)}
    assert found == {
        'bouncehandler_records_total{type="b",verdict="suppress"}': 3,
        'bouncehandler_records_total{type="b",verdict="count"}': 1,
        'bouncehandler_records_total{type="b",verdict="ignore"}': 4,
        'bouncehandler_records_total{type="f",verdict="suppress"}': 1,
        'bouncehandler_records_total{type="d",verdict="none"}': 5,
        **{f'bouncehandler_records_total{{type="{kind}",verdict="none"}}': 1 for kind in ("t", "tq", "r", "rs")},
        'bouncehandler_unreadable_total{reason="stray-quote"}': 1,
        'bouncehandler_unreadable_total{reason="unknown-type"}': 1,
    }


def test_dispatches_are_counted_by_provider(site: _Site) -> None:
    """Outcomes and durations of calls, queues and holds, by provider."""
    samples = site.samples
    assert samples['bouncehandler_dispatches_total{outcome="unsubscribed",provider="sound"}'] == 4
    assert samples['bouncehandler_attempts_total{answer="unsubscribed",provider="sound"}'] == 4
    assert samples['bouncehandler_call_seconds_count{provider="sound"}'] == 4
    assert 0 < samples['bouncehandler_call_seconds_sum{provider="sound"}'] < 60
    assert samples['bouncehandler_attempts_total{answer="unavailable",provider="dead"}'] >= 1
    assert samples['bouncehandler_provider_held{provider="dead"}'] == 1
    assert samples['bouncehandler_provider_held{provider="sound"}'] == 0
    assert samples['bouncehandler_pending{provider="dead"}'] == 4
    assert samples['bouncehandler_pending{provider="sound"}'] == 0
    assert samples["bouncehandler_oldest_unsubscribe_seconds"] > 0
    assert samples["bouncehandler_spool_bytes"] > 10_000


def test_no_address_is_in_the_metrics(site: _Site) -> None:
    """No label contains an address, not even of a damaged row."""
    assert "@" not in site.text
    assert "jane" not in site.text


def test_a_type_that_never_was_is_no_label(site: _Site) -> None:
    """What comes from outside makes no new time series: labels are of closed sets."""
    assert '"zz"' not in site.text


def test_the_text_is_as_prometheus_wants_it(site: _Site) -> None:
    """Promtool accepts names, help and types."""
    assert not _promtool("check", "metrics", folder=site.textfile.parent, given=site.text)


def test_the_command_prints_what_the_file_has(site: _Site) -> None:
    """`metrics` prints the same numbers, which a restart does not reset; only ages and sizes move on."""
    printed = _samples(site.program.run("metrics").stdout)
    assert printed.keys() == site.samples.keys()
    moving = ("seconds", "bytes")
    assert {k: n for k, n in printed.items() if not any(m in k for m in moving)} == {
        k: n for k, n in site.samples.items() if not any(m in k for m in moving)
    }


def _expressions() -> list[str]:
    """Of every alert, in the parts that are compared, and of every panel."""
    rules = _ALERTS.read_text()
    alerts = [" ".join(one.split()) for one in re.findall(r"expr: (?:>-)?((?:.*\n)(?: {10,}\S.*\n)*)", rules)]
    parts = [part for one in alerts for both in one.split(" and ") for part in re.split(r" > (?![^(]*\))", both)]
    dashboard = json.loads((_DEPLOY / "grafana" / "bouncehandler.json").read_text())
    panels = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked = [*(part for part in parts if "bouncehandler" in part), *panels]
    return [one.replace("$__rate_interval", "5m").replace("$provider", ".*") for one in asked]


def test_every_query_finds_something(site: _Site, tmp_path: Path) -> None:
    """Each expression of alerts and dashboard has an answer in what the program really exposes."""
    expressions = _expressions()
    assert len(expressions) >= 30
    series = [{"series": key, "values": f"{value:f}+{value + 1:f}x1500"} for key, value in site.samples.items()]
    asked = [
        {"expr": f"count({one}) > bool 0", "eval_time": "1500m", "exp_samples": [{"labels": "{}", "value": 1}]}
        for one in expressions
    ]
    file = tmp_path / "test.yml"
    content = {
        "rule_files": [str(_ALERTS)],
        "tests": [{"interval": "1m", "input_series": series, "promql_expr_test": asked}],
    }
    file.write_text(json.dumps(content))  # JSON is YAML
    assert not _promtool("test", "rules", file.name, folder=tmp_path)


def test_each_alert_fires_when_it_should() -> None:
    """The examples of the alert rules hold."""
    assert not _promtool("test", "rules", "alerts_test.yml", folder=_ALERTS.parent)
    alerts = re.findall(r"alert: (\w+)", _ALERTS.read_text())
    examples = (_ALERTS.parent / "alerts_test.yml").read_text()
    assert [name for name in alerts if f"alertname: {name}\n" not in examples] == []


def test_a_dry_run_counts_nothing(site: _Site) -> None:
    """A dry run is in no metric."""
    site.program.feed([bounce("someone@example.com")], "--dry-run")
    assert _samples(site.program.run("metrics").stdout)['bouncehandler_records_total{type="b",verdict="suppress"}'] == 3


def test_a_file_that_can_not_be_written_stops_nothing(tmp_path: Path) -> None:
    """The log has it once, and the rows are read all the same."""
    program = Program(tmp_path)
    program.configure({"metrics": {"textfile": str(tmp_path / "nowhere" / "b.prom")}})
    finished = program.feed([bounce("ann@example.com")])
    assert finished.status == 0
    assert len(finished.logged("metrics_not_written")) == 1
    assert program.status()["suppressions"] == 1


def _get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  # our own
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_work_answers(tmp_path: Path) -> None:
    """`work` serves metrics and health; other paths are not found."""
    program = Program(tmp_path)
    program.configure({"metrics": {"listen": "127.0.0.1:0"}}, out={"type": "file", "path": str(tmp_path / "out.csv")})
    program.feed([bounce("ann@example.com")], "--no-dispatch")
    with program.start("work") as working:
        working.wait_for("metrics_served")
        (port,) = [event["port"] for event in working.events if event["event"] == "metrics_served"]
        status, text = _get(f"http://127.0.0.1:{port}/metrics")
        assert (status, _get(f"http://127.0.0.1:{port}/healthz")) == (200, (200, "ok\n"))
        assert _samples(text)['bouncehandler_records_total{type="b",verdict="suppress"}'] == 1
        assert _get(f"http://127.0.0.1:{port}/else")[0] == 404
        working.signal(signal.SIGTERM)
        assert working.wait().status == 0


def test_a_port_that_is_taken_stops_nothing(tmp_path: Path) -> None:
    """One sentence in the log, and `work` dispatches."""
    program = Program(tmp_path)
    with create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        program.configure({"metrics": {"listen": listen}}, out={"type": "file", "path": str(tmp_path / "out.csv")})
        program.feed([bounce("ann@example.com")], "--no-dispatch")
        with program.start("work") as working:
            working.wait_for("unsubscribed")
            working.signal(signal.SIGTERM)
            finished = working.wait()
    (output,) = finished.logged("metrics_not_served")
    refused = f"[metrics] listen = '{listen}' can't be had (Address already in use)"
    assert output["reason"] == f"{refused}: another program listens there"


def test_an_address_of_another_program_is_a_mistake_in_the_configuration(tmp_path: Path) -> None:
    """An address that this machine does not have ends `work` at once, with a sentence and status 78."""
    program = Program(tmp_path)
    out = {"type": "file", "path": str(tmp_path / "out.csv")}
    program.configure({"metrics": {"listen": "192.0.2.1:9479"}}, out=out)
    finished = program.run("work")
    assert finished.status == 78
    assert "[metrics] listen = '192.0.2.1:9479' can't be had" in finished.sentences[-1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"listen": "9479x"},
        {"listen": "127.0.0.1:70000"},
        {"listen": "a b:1"},
        {"textfile": "b.prom"},
        {"textfile": "/x/b.txt"},
    ],
)
def test_mistakes_in_metrics_are_reported(wrong: dict[str, str], tmp_path: Path) -> None:
    """An invalid address, or a file that node_exporter ignores, is reported with the valid form."""
    program = Program(tmp_path)
    program.configure({"metrics": wrong})
    finished = program.run("status")
    assert finished.status == 78
    assert "must be" in finished.stderr


def test_a_port_alone_is_on_the_loopback() -> None:
    """Without a host only this machine can connect."""
    from bouncehandler.settings.sections import address  # noqa: PLC0415  # beside what it tests

    assert address(str(MetricsSettings(listen=":9479").listen)) == ("127.0.0.1", 9479)
    assert address("[::1]:9479") == ("::1", 9479)

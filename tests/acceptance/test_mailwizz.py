"""The program against MailWizz on loopback: every action, every category, every failure."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.bounce_scenarios import (
    ACTIVE,
    CAMPAIGN,
    GONE,
    JOB,
    MANY,
    SPARED,
    SUPPRESSED,
    UNKNOWN,
    Case,
    feed_bounces,
)
from tests.acceptance.harness import Event, Program, bounce
from tests.acceptance.transient_failures import (
    JANE,
    NONSENSE,
    PATIENT,
    REFUSALS,
    TIMED_OUT,
    InjectedFailure,
    feed_until,
    feed_while_failing,
)
from tests.fakes.mailwizz import API_KEY, PRIVATE_KEY, PUBLIC_KEY, FakeMailWizz
from tests.fakes.server import Answer, closed_port

NEWS = "news000000000"
LISTS = tuple(f"list{number:09}" for number in range(60))
ACTIONS = {"unsubscribe": "unsubscribed", "signed": "unsubscribed", "bounce": "blacklisted", "blacklist": "blacklisted"}
"""Provider to the status that its action leaves."""


def _settings(server: FakeMailWizz, **others: object) -> Event:
    keys = {"public_key": PUBLIC_KEY, "private_key": PRIVATE_KEY} if server.version == "1.x" else {"api_key": API_KEY}
    return {"type": "mailwizz", "url": server.api_url, **keys, **others}


def _populate(server: FakeMailWizz) -> None:
    for recipient in (*ACTIVE, *SPARED):
        server.subscribe(recipient, NEWS)
    for list_uid in LISTS:
        server.subscribe(MANY, list_uid)
    server.subscribe(GONE, NEWS, "unsubscribed")
    server.campaign(CAMPAIGN, NEWS)


@pytest.fixture(scope="module", params=["header", "no header"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case[FakeMailWizz]]:
    """A provider for each action, one of them with MailWizz 1.x; bounces with and without a header."""
    program = Program(tmp_path_factory.mktemp("mailwizz"))
    actions = {name: name if name != "signed" else "unsubscribe" for name in ACTIONS}
    with ExitStack() as stack:
        servers = {n: stack.enter_context(FakeMailWizz(version="1.x" if n == "signed" else "2.x")) for n in ACTIONS}
        for server in servers.values():
            _populate(server)
        program.configure(
            {"log": {"addresses": "plain"}}, **{n: _settings(s, action=actions[n]) for n, s in servers.items()}
        )
        yield feed_bounces(program, servers, has_header=request.param == "header")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """An installation without providers."""
    return Program(tmp_path)


@pytest.mark.parametrize(("provider", "left"), ACTIONS.items())
def test_recipients_of_hard_categories_are_unsubscribed(case: Case[FakeMailWizz], provider: str, left: str) -> None:
    """Every recipient of a hard category is off every list, awkward addresses among them; the run exits 0."""
    assert case.first.status == 0, case.first.stderr
    statuses = [set(case.servers[provider].status_of(recipient).values()) for recipient in ACTIVE]
    assert statuses == [{left}] * len(ACTIVE)


@pytest.mark.parametrize("provider", ACTIONS)
def test_other_recipients_are_left_alone(case: Case[FakeMailWizz], provider: str) -> None:
    """Counted and ignored categories, unknown and empty ones, temporary and policy statuses change nothing."""
    assert case.first.finished["providers"][provider] == {"done": len(SUPPRESSED), "waiting": 0, "dead": 0}
    statuses = [case.servers[provider].status_of(recipient) for recipient in SPARED]
    assert statuses == [{NEWS: "confirmed"}] * len(SPARED)


@pytest.mark.parametrize("provider", ["unsubscribe", "signed"])
def test_two_calls_whatever_the_number_of_lists(case: Case[FakeMailWizz], provider: str) -> None:
    """Two calls an address, one where there is nothing to do: for strangers and for the unsubscribed."""
    requests = case.servers[provider].requests[: case.made[provider]]
    asked = [request.query.get("EMAIL") or request.form["EMAIL"] for request in requests]
    assert {r: asked.count(r) for r in asked} == dict.fromkeys(ACTIVE, 2) | {UNKNOWN: 1, GONE: 1}


def test_a_recorded_bounce_costs_two_calls(case: Case[FakeMailWizz]) -> None:
    """Action bounce: look up, record it at the campaign; one call for a stranger."""
    assert case.made["bounce"] == 2 * len(SUPPRESSED) - 1
    recorded = {(b["campaign_uid"], b["bounce_type"]) for b in case.servers["bounce"].bounces}
    assert recorded == {(CAMPAIGN, "hard")}
    assert len(case.servers["bounce"].bounces) == len(SUPPRESSED) - 1


@pytest.mark.parametrize("provider", ACTIONS)
def test_the_log_names_each_outcome_with_its_lists(case: Case[FakeMailWizz], provider: str) -> None:
    """One line an outcome: unsubscribed from which lists, already off them, or unknown."""
    many = case.outcome(provider, MANY)
    assert (many["event"], set(many["lists"])) == ("unsubscribed", {NEWS, *LISTS})
    assert (case.outcome(provider, ACTIVE[0])["event"], case.outcome(provider, ACTIVE[0])["lists"]) == (
        "unsubscribed",
        [NEWS],
    )
    assert (case.outcome(provider, GONE)["event"], case.outcome(provider, GONE)["lists"]) == ("already", [])
    assert (case.outcome(provider, UNKNOWN)["event"], case.outcome(provider, UNKNOWN)["lists"]) == (
        "unknown",
        [],
    )


@pytest.mark.parametrize("provider", ACTIONS)
def test_the_same_again_makes_no_call(case: Case[FakeMailWizz], provider: str) -> None:
    """The same file a second time, and later bounces of recipients who are off the lists since, cost no call."""
    assert case.again.status == 0, case.again.stderr
    assert len(case.servers[provider].requests) == case.made[provider]


def test_the_same_again_is_distinguished_from_the_new(case: Case[FakeMailWizz]) -> None:
    """Rows seen before are counted as duplicates; later bounces are recorded as suppressions of their own."""
    assert case.again.finished["duplicates"] == len(SUPPRESSED)
    assert case.again.finished["suppressed"] == len(SUPPRESSED) + len(ACTIVE)
    assert len(case.program.suppressions()) == len(SUPPRESSED) + len(ACTIVE)


def test_a_list_goes_to_every_action(program: Program) -> None:
    """A plain list is for every provider, whatever its originators; the bounce action unsubscribes, with a note."""
    with ExitStack() as stack:
        own = {name: stack.enter_context(FakeMailWizz()) for name in ACTIONS if name != "signed"}
        for server in own.values():
            server.subscribe("a&b@example.com", NEWS)
            server.subscribe("o'brien+x@example.com", NEWS)
        program.configure(
            None, **{n: _settings(s, action=n, originators=["other@elsewhere.example"]) for n, s in own.items()}
        )
        finished = program.feed(b"email\r\na&b@example.com\r\nO'Brien+x@example.com\r\n")
        assert finished.status == 0, finished.stderr
        for name, left in {**ACTIONS, "bounce": "unsubscribed"}.items():
            for recipient in ("a&b@example.com", "o'brien+x@example.com") if name in own else ():
                assert own[name].status_of(recipient) == {NEWS: left}
        notes = [event["note"] for event in finished.logged("unsubscribed", provider="bounce")]
        assert ["since it is none" in note for note in notes] == [True, True]


def test_bounces_are_recorded_at_their_campaigns(program: Program) -> None:
    """Once a campaign: from jobId or X-Job, with or without prefix, hard or soft; without a campaign, unsubscribed."""
    other = "autumn0000001"
    with FakeMailWizz() as server:
        uids = {name: server.subscribe(f"{name}@example.com", NEWS) for name in ("bare", "remote", "none", "soft")}
        twice = server.subscribe("twice@example.com", NEWS)
        server.campaign(CAMPAIGN, NEWS)
        server.campaign(other, NEWS)
        program.configure({"policy.status": {"4.x.x": "suppress"}}, news=_settings(server, action="bounce"))
        finished = program.feed(
            [
                bounce("bare@example.com", jobId=CAMPAIGN),
                bounce("remote@example.com", type="rb", timeQueued="", jobId="", **{"header_X-job": JOB}),
                bounce("none@example.com", jobId="spring-sale"),
                bounce("soft@example.com", jobId=JOB, dsnStatus="4.2.2 (mailbox full)"),
                bounce("twice@example.com", jobId=JOB),
                bounce("twice@example.com", jobId=JOB, timeQueued="2026-03-02 09:30:00+0000"),
                bounce("twice@example.com", jobId=other),
            ]
        )
        assert finished.status == 0, finished.stderr
        recorded = sorted((b["campaign_uid"], b["subscriber_uid"], b["bounce_type"]) for b in server.bounces)
        assert recorded == sorted(
            [
                (CAMPAIGN, uids["bare"], "hard"),
                (CAMPAIGN, uids["remote"], "hard"),
                (CAMPAIGN, uids["soft"], "soft"),
                (CAMPAIGN, twice, "hard"),
                (other, twice, "hard"),
            ]
        )
        assert server.status_of("none@example.com") == {NEWS: "unsubscribed"}
        (fallen_back,) = finished.logged("unsubscribed", recipient="n***@example.com")
        assert "campaign" in fallen_back["note"]
        assert len(server.calls("GET", "EMAIL=twice")) == 2


REFUSED = {
    "key": "Invalid API key.",
    "account": "Your account is inactive.",
    "german": "Der API-Key ist nicht bekannt.",
    "object": "Invalid API request signature.",
}
"""What an installation states with status 400 of bad credentials, by provider."""


def test_refused_credentials_hold_the_provider(program: Program) -> None:
    """400 for the credentials, in any language: held, with every dispatch pending and no attempt spent; then mended."""
    recipients = ["one@example.com", "two@example.com", "three@example.com"]
    with ExitStack() as stack:
        servers = {name: stack.enter_context(FakeMailWizz()) for name in REFUSED}
        for name, server in servers.items():
            for recipient in recipients:
                server.subscribe(recipient, NEWS)
            server.refuses_with, server.texts["key"] = "key", REFUSED[name]
            server.error_is_an_object = name == "object"
        program.configure(None, **{name: _settings(server) for name, server in servers.items()})
        finished = program.feed(map(bounce, recipients))
        _assert_held(program, finished.status, " ".join(finished.sentences))
        assert not finished.logged("failed_will_retry")
        assert len(finished.logged("provider_held")) == len(servers)

        for server in servers.values():
            server.refuses_with = ""
        mended = program.feed(map(bounce, recipients))
        assert mended.status == 0, mended.stderr
        assert mended.finished["providers"] == {n: {"done": 3, "waiting": 0, "dead": 0} for n in servers}
        assert [event["attempt"] for event in mended.logged("unsubscribed")] == [1] * 3 * len(servers)
        assert {s.status_of(r)[NEWS] for s in servers.values() for r in recipients} == {"unsubscribed"}
        assert all(provider["state"] == "ok" for provider in program.status()["providers"].values())


def _assert_held(program: Program, status: int, output: str) -> None:
    assert status == 75
    state = program.status()
    assert state["dispatches"] == {"pending": 3 * len(REFUSED), "claimed": 0, "held": 0, "done": 0, "dead": 0}
    for name, text in REFUSED.items():
        provider = state["providers"][name]
        assert (provider["state"], provider["pending"], provider["dead"]) == ("held", 3, 0)
        assert text in provider["reason"]
        assert "credentials" in provider["reason"]
        assert f"3 dispatches wait for {name}, which is held" in output


def test_each_failure_is_retried(program: Program) -> None:
    """Each failure, at the look-up or at the unsubscription: nothing done, exit 75; afterwards all is done."""
    kinds = {**REFUSALS, **NONSENSE, "confused": lambda: Answer(200, b'{"status":"error","error":"Please try again."}')}
    with ExitStack() as stack:
        down = stack.enter_context(closed_port())
        failures = {
            f"{kind}_{stage}": InjectedFailure(answer, lambda request, method=method: request.method == method)  # type: ignore[misc]  # mypy can't infer a default's type
            for kind, answer in kinds.items()
            for stage, method in {"look_up": "GET", "write": "PUT"}.items()
        }
        servers = {name: stack.enter_context(FakeMailWizz()) for name in (*failures, "refused")}
        for name, server in servers.items():
            server.subscribe(JANE, NEWS)
            server.fail_when = failures.get(name, server.fail_when)
        settings = {name: _settings(server, concurrency=1) for name, server in servers.items()}
        hasty = {name: {"timeout": "300ms"} for name in servers if name.startswith(TIMED_OUT)}
        unreachable = {"refused": {"url": f"{down}/api"}}
        program.configure(
            {"dispatch": PATIENT}, **{n: s | hasty.get(n, {}) | unreachable.get(n, {}) for n, s in settings.items()}
        )
        feed_while_failing(program, servers)
        assert {server.status_of(JANE)[NEWS] for server in servers.values()} == {"confirmed"}

        program.configure({"dispatch": PATIENT}, **settings)
        for failure in failures.values():
            failure.is_over = True
        mended = feed_until(program, lambda: all(s.status_of(JANE)[NEWS] == "unsubscribed" for s in servers.values()))
        assert {name: n["done"] for name, n in mended.finished["providers"].items()} == dict.fromkeys(servers, 1)
        waited = {name: failure.wait for name, failure in failures.items() if name.startswith("busy")}
        assert {name for name, seconds in waited.items() if seconds < 1} == set()


def test_an_installation_that_is_offline_is_tried_again(program: Program) -> None:
    """MailWizz's own 503 for maintenance is temporary."""
    with FakeMailWizz() as server:
        server.subscribe(JANE, NEWS)
        server.is_offline = True
        program.configure({"dispatch": PATIENT}, news=_settings(server))
        feed_while_failing(program, {"news": server})
        server.is_offline = False
        feed_until(program, lambda: server.status_of(JANE) == {NEWS: "unsubscribed"})


def test_a_torn_row_without_a_header_costs_itself_alone(program: Program) -> None:
    """A stream without a header, in the old handler's order, cut off in the middle of a row: that row alone is lost."""
    whole = b"b,,bad-mailbox,vmta,a@lists.example,jane@example.com,mta,192.0.2.1,job,5.1.1,mx,smtp;550 no\n"
    with FakeMailWizz() as server:
        server.subscribe(JANE, NEWS)
        program.configure(None, news=_settings(server))
        finished = program.feed(whole + b"b,,bad-mailbox,vmta,a@lists.example,john@exam")
        assert finished.finished["unreadable"] == {"torn": 1}
        assert server.status_of(JANE) == {NEWS: "unsubscribed"}
        assert b"john@exam" in program.spool.with_suffix(".rejected.csv").read_bytes()

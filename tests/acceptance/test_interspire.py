"""The program against Interspire on loopback: every action, every category, every failure."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.bounce_scenarios import (
    ACTIVE,
    AWKWARD,
    GONE,
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
from tests.fakes.interspire import FakeInterspire
from tests.fakes.server import Answer, Request, closed_port

NEWS, MORE = "1", tuple(map(str, range(2, 62)))
ACTIONS = {"unsubscribe": "unsubscribed", "bounce": "bounced", "ban": "active"}
"""Provider to the status that its action leaves on a list; a ban is kept elsewhere."""
WRITES = {"unsubscribe": "UnsubscribeSubscriber", "bounce": "BounceSubscriber", "ban": "AddBannedSubscriber"}
LOOK_UP = "GetAllListsForEmailAddress"


def _settings(server: FakeInterspire, **others: object) -> Event:
    return {"type": "interspire", "url": server.endpoint, "username": server.username, "token": server.token, **others}


def _populate(server: FakeInterspire) -> None:
    server.lists = {listid: f"List & <{listid}>" for listid in (NEWS, *MORE)}
    for recipient in (*ACTIVE, *SPARED, GONE):
        server.subscribe(recipient, NEWS)
    server.subscribe(MANY, *MORE)
    leaving = (
        f"<xmlrequest><username>{server.username}</username><usertoken>t0ken&amp;secret</usertoken>"
        "<requesttype>subscribers</requesttype><requestmethod>UnsubscribeSubscriber</requestmethod>"
        f"<details><emailaddress>{GONE}</emailaddress><listid>{NEWS}</listid></details></xmlrequest>"
    )
    server.respond(Request("POST", "/xml.php", {}, {}, leaving.encode()))
    for counter in (server.asked, server.unsubscribe_counts):
        counter.clear()


@pytest.fixture(scope="module", params=["header", "no header"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case[FakeInterspire]]:
    """A provider for each action, each with manners of its own; bounces with and without a header."""
    program = Program(tmp_path_factory.mktemp("interspire"))
    with ExitStack() as stack:
        servers = {name: stack.enter_context(FakeInterspire()) for name in ACTIONS}
        servers["unsubscribe"].wrapping, servers["unsubscribe"].junk = "deep", b"\nNotice: undefined index\n"
        servers["bounce"].wrapping, servers["bounce"].not_found = "flat", "success"
        servers["ban"].wrapping = "values"
        for server in servers.values():
            _populate(server)
        program.configure(
            {"log": {"addresses": "plain"}}, **{name: _settings(s, action=name) for name, s in servers.items()}
        )
        yield feed_bounces(program, servers, has_header=request.param == "header")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """An installation without providers."""
    return Program(tmp_path)


@pytest.mark.parametrize(("provider", "left"), ACTIONS.items())
def test_recipients_of_hard_categories_are_unsubscribed_or_banned(
    case: Case[FakeInterspire], provider: str, left: str
) -> None:
    """Every recipient of a hard category is off every list, or banned; awkward addresses among them; exit 0."""
    assert case.first.status == 0, case.first.stderr
    statuses = [set(case.servers[provider].status_of(recipient).values()) for recipient in ACTIVE]
    assert statuses == [{left}] * len(ACTIVE)
    assert case.servers[provider].banned == ({"g": set(ACTIVE)} if provider == "ban" else {})


@pytest.mark.parametrize("provider", ACTIONS)
def test_other_recipients_are_left_alone(case: Case[FakeInterspire], provider: str) -> None:
    """Counted and ignored categories, unknown and empty ones, temporary and policy statuses change nothing."""
    assert case.first.finished["providers"][provider] == {"done": len(SUPPRESSED), "waiting": 0, "dead": 0}
    statuses = [case.servers[provider].status_of(recipient) for recipient in SPARED]
    assert statuses == [{NEWS: "active"}] * len(SPARED)


@pytest.mark.parametrize(("provider", "many"), [("unsubscribe", 1 + 61), ("bounce", 1 + 61), ("ban", 1 + 1)])
def test_one_call_and_one_for_each_list(case: Case[FakeInterspire], provider: str, many: int) -> None:
    """1 + L calls an address; one for strangers and the unsubscribed; the lists are fetched once for all of them."""
    asked = Counter(
        parsed.detail("email") or parsed.detail("emailaddress")
        for parsed in case.servers[provider].parsed_requests()[: case.made[provider]]
    )
    assert asked.pop("") == case.servers[provider].asked["GetLists"] == 1
    assert asked == dict.fromkeys(ACTIVE, 2) | {MANY: many, UNKNOWN: 1, GONE: 1}


@pytest.mark.parametrize("provider", ACTIONS)
def test_no_counter_is_moved_twice(case: Case[FakeInterspire], provider: str) -> None:
    """Each recipient is written once for each list, since Interspire counts every call; former subscribers are not."""
    server = case.servers[provider]
    wanted = {NEWS: len(ACTIVE)} | dict.fromkeys(MORE, 1)
    assert server.unsubscribe_counts == (wanted if provider == "unsubscribe" else {})
    assert server.bounce_counts == (wanted if provider == "bounce" else {})
    assert case.again.status == 0, case.again.stderr


@pytest.mark.parametrize("provider", ACTIONS)
def test_the_log_names_each_outcome_with_its_lists(case: Case[FakeInterspire], provider: str) -> None:
    """One line an outcome: which lists changed, or none."""
    many, one = case.outcome(provider, MANY), case.outcome(provider, AWKWARD[0])
    everywhere = {"g"} if provider == "ban" else {NEWS, *MORE}
    assert (many["event"], set(many["lists"])) == ("unsubscribed", everywhere)
    assert (one["event"], one["lists"]) == ("unsubscribed", ["g" if provider == "ban" else NEWS])
    for recipient in (UNKNOWN, GONE):
        notices = case.outcome(provider, recipient)
        assert (notices["event"] in {"unknown", "already"}, notices["lists"]) == (True, [])


@pytest.mark.parametrize("provider", ACTIONS)
def test_the_same_again_makes_no_call(case: Case[FakeInterspire], provider: str) -> None:
    """The same file a second time, and later bounces of recipients who are off the lists since, cost no call."""
    assert len(case.servers[provider].requests) == case.made[provider]


def test_a_list_goes_to_every_action(program: Program) -> None:
    """A plain list, here without a heading, is for every provider, whatever its originators."""
    with ExitStack() as stack:
        own = {name: stack.enter_context(FakeInterspire()) for name in ACTIONS}
        for server in own.values():
            for recipient in AWKWARD:
                server.subscribe(recipient, NEWS)
        originators = ["other@elsewhere.example"]
        program.configure(None, **{n: _settings(s, action=n, originators=originators) for n, s in own.items()})
        finished = program.feed("\n".join(AWKWARD).encode())
        assert finished.status == 0, finished.stderr
        for name, left in ACTIONS.items():
            assert [own[name].status_of(recipient) for recipient in AWKWARD] == [{NEWS: left}] * len(AWKWARD)
        assert own["ban"].banned == {"g": set(AWKWARD)}


def test_refused_credentials_hold_the_provider(program: Program) -> None:
    """FAILED for the credentials, in any language: held, all pending, no attempt spent; then mended, all is done."""
    recipients = ["one@example.com", "two@example.com", "three@example.com"]
    texts = {"english": "Unable to check user details.", "german": "Der Benutzer ist nicht bekannt."}
    with ExitStack() as stack:
        servers = {name: stack.enter_context(FakeInterspire()) for name in texts}
        for name, server in servers.items():
            for recipient in recipients:
                server.subscribe(recipient, NEWS)
            server.bad_credentials = texts[name]
        program.configure(None, **{name: _settings(s, token="yesterdays") for name, s in servers.items()})
        finished = program.feed(map(bounce, recipients))
        assert finished.status == 75
        state = program.status()
        assert state["dispatches"] == {"pending": 6, "claimed": 0, "held": 0, "done": 0, "dead": 0}
        for name, text in texts.items():
            assert state["providers"][name]["state"] == "held"
            assert text in state["providers"][name]["reason"]
            assert f"3 dispatches wait for {name}, which is held" in " ".join(finished.sentences)

        program.configure(None, **{name: _settings(server) for name, server in servers.items()})
        mended = program.feed(map(bounce, recipients))
        assert mended.status == 0, mended.stderr
        assert [event["attempt"] for event in mended.logged("unsubscribed")] == [1] * 6
        assert {s.status_of(r)[NEWS] for s in servers.values() for r in recipients} == {"unsubscribed"}


def _asks(server: FakeInterspire, method: str) -> Callable[[Request], bool]:
    def is_meant(request: Request) -> bool:
        parsed = server.parse(request)
        return parsed is not None and parsed.method == method

    return is_meant


def test_each_failure_is_retried(program: Program) -> None:
    """Each failure, at the look-up or at the unsubscription: nothing done, exit 75; afterwards all is done."""
    failed = b"<response><status>FAILED</status><errormessage>MySQL server has gone away</errormessage></response>"
    kinds = {**REFUSALS, **NONSENSE, "confused": lambda: Answer(200, failed)}
    stages = {"look_up": LOOK_UP, "write": WRITES["unsubscribe"]}
    with ExitStack() as stack:
        down = stack.enter_context(closed_port())
        servers = {f"{kind}_{stage}": stack.enter_context(FakeInterspire()) for kind in kinds for stage in stages}
        failures = {
            f"{kind}_{stage}": InjectedFailure(answer, _asks(servers[f"{kind}_{stage}"], method))
            for kind, answer in kinds.items()
            for stage, method in stages.items()
        }
        servers["refused"] = stack.enter_context(FakeInterspire())
        for name, server in servers.items():
            server.subscribe(JANE, NEWS)
            server.fail_when = failures.get(name, server.fail_when)
        settings = {name: _settings(server, concurrency=1) for name, server in servers.items()}
        hasty = {name: {"timeout": "300ms"} for name in servers if name.startswith(TIMED_OUT)}
        unreachable = {"refused": {"url": f"{down}/xml.php"}}
        program.configure(
            {"dispatch": PATIENT}, **{n: s | hasty.get(n, {}) | unreachable.get(n, {}) for n, s in settings.items()}
        )
        feed_while_failing(program, servers)
        assert {server.status_of(JANE)[NEWS] for server in servers.values()} == {"active"}

        program.configure({"dispatch": PATIENT}, **settings)
        for failure in failures.values():
            failure.is_over = True
        mended = feed_until(program, lambda: all(s.status_of(JANE)[NEWS] == "unsubscribed" for s in servers.values()))
        assert {name: n["done"] for name, n in mended.finished["providers"].items()} == dict.fromkeys(servers, 1)
        assert [server.unsubscribe_counts[NEWS] for server in servers.values()] == [1] * len(servers)
        waited = {name: failure.wait for name, failure in failures.items() if name.startswith("busy")}
        assert {name for name, seconds in waited.items() if seconds < 1} == set()

"""Maintenance by an operator: selecting dead letters, copying the spool, and retention."""

import sqlite3
from contextlib import closing

import pytest

from tests.acceptance.harness import Program, accounting, bounce
from tests.acceptance.shell import delivered, on_terminal, recipients, trail, with_dead_letters

DAY = 86_400.0


def age(program: Program, days: float) -> None:
    """Make everything in the spool so many days older."""
    with closing(sqlite3.connect(program.spool, isolation_level=None)) as raw:
        raw.execute("UPDATE suppression SET recorded_at = recorded_at - ?", (days * DAY,))
        raw.execute("UPDATE dispatch SET settled_at = settled_at - ?, recorded_at = recorded_at - ?", [days * DAY] * 2)


def answered(program: Program, recipient: str, answer: str) -> None:
    """Another last answer for this recipient's dead letter."""
    with closing(sqlite3.connect(program.spool, isolation_level=None)) as raw:
        raw.execute(
            "UPDATE attempt SET answer = ? WHERE dispatch IN (SELECT d.id FROM dispatch d JOIN suppression s "
            "ON s.id = d.suppression WHERE s.recipient = ?)",
            (answer, recipient),
        )


def test_dead_letters_by_their_answer(program: Program) -> None:
    """`--error` selects by the provider's last answer, in any case, for list, retry and drop alike."""
    with_dead_letters(program, "jane@example.com", "joe@example.com", "jim@example.com")
    answered(program, "joe@example.com", "HTTP 502 Bad Gateway")
    assert recipients(program.dead_letters("--error", "bad gateway")) == ["joe@example.com"]
    assert (
        program.run("dead-letters", "retry", "--all", "--error", "BAD").stdout == "1 dead letter will be tried again\n"
    )
    assert program.run("dead-letters", "drop", "--all", "--error", "nothing").stdout == "0 dead letters dropped\n"
    assert recipients(program.dead_letters()) == ["jane@example.com", "jim@example.com"]


def test_dead_letters_by_the_time_of_death(program: Program) -> None:
    """`--died-since` and `--died-until` select by when they were given up."""
    with_dead_letters(program, "jane@example.com")
    age(program, 10)
    assert recipients(program.dead_letters("--died-since", "11d", "--died-until", "9d")) == ["jane@example.com"]
    assert program.dead_letters("--died-since", "9d") == program.dead_letters("--died-until", "11d") == []
    assert program.run("dead-letters", "retry", "--all", "--died-since", "9d").stdout.startswith("0 ")


def test_the_reason_of_a_drop_is_kept(program: Program) -> None:
    """`drop --reason` prints how many, and `list --dropped` when and why."""
    with_dead_letters(program, "jane@example.com", "joe@example.com", "jim@example.com")
    first = program.dead_letters()[0]["id"]
    assert (
        program.run("dead-letters", "drop", str(first), "--reason", "list 7 is gone").stdout
        == "1 dead letter dropped\n"
    )
    assert program.run("dead-letters", "drop", "--all", "--limit", "1").stdout == "1 dead letter dropped\n"
    named, silent = program.dead_letters("--dropped")
    assert (named["recipient"], named["reason"], silent["reason"]) == ("jane@example.com", "list 7 is gone", "")
    assert named["dropped_at"].startswith("20")
    assert named["answer"] == "400 no such list"
    assert "list 7 is gone" in program.run("dead-letters", "list", "--dropped").stdout
    assert program.dead_letters("--dropped", "--provider", "another") == []
    assert len(program.dead_letters()) == 1


def test_a_reason_that_was_meant_to_select(program: Program) -> None:
    """`drop --reason bounce`, which selects elsewhere, drops nothing."""
    with_dead_letters(program, "jane@example.com")
    finished = program.run("dead-letters", "drop", "--all", "--reason", "bounce")
    assert finished.status == 64
    assert "--suppressed-for" in finished.stderr
    assert program.run("dead-letters", "drop", "--all", "--suppressed-for", "list").stdout.startswith("0 ")
    assert len(program.dead_letters("--reason", "bounce")) == 1


@pytest.mark.parametrize(
    ("answer", "args", "left"),
    [(b"n\n", (), 2), (b"\n", (), 2), (b"y\n", (), 0), (b"", ("--yes",), 0)],
    ids=["no", "nothing", "yes", "said before"],
)
def test_all_is_asked_for_on_a_terminal(program: Program, answer: bytes, args: tuple[str, ...], left: int) -> None:
    """On a terminal --all shows how many, and does it when the answer is yes; --yes does not ask."""
    with_dead_letters(program, "jane@example.com", "joe@example.com")
    status, output = on_terminal(program, answer, "dead-letters", "drop", "--all", *args)
    assert status == 0
    assert ("Drop 2 dead letters?" in output) is not bool(args)
    assert ("2 dead letters dropped" in output) is not bool(left)
    assert len(program.dead_letters()) == left


def test_a_copy_is_a_spool(program: Program) -> None:
    """A copy that was put in the place of a lost spool has everything, and carries on where it was."""
    program.feed([bounce("jane@example.com")], "--no-dispatch")
    copy = program.folder / "copy.db"
    output = program.run("spool", "backup", str(copy)).stdout
    assert output.startswith(f"{copy}: 1 suppressions; 1 dispatches wait, 0 are done, 0 are dead letters; ")
    assert copy.stat().st_mode & 0o777 == 0o600
    for path in program.folder.glob("spool.db*"):
        path.unlink()
    copy.rename(program.spool)
    assert program.feed(accounting([])).status == 0
    assert recipients(delivered(program)) == ["jane@example.com"]


def test_a_copy_replaces_nothing(program: Program) -> None:
    """A file that is there is kept, without --force; a spool that is not there is not made."""
    missing = program.run("spool", "backup", "copy.db")
    assert (missing.status, program.spool.exists()) == (78, False)
    program.feed([bounce("jane@example.com")])
    copy = program.folder / "copy.db"
    copy.write_text("precious")
    refused = program.run("spool", "backup", str(copy))
    assert refused.status == 75
    assert "--force" in refused.sentences[0]
    assert copy.read_text() == "precious"
    assert program.run("spool", "backup", "--force", str(copy)).status == 0
    assert program.run("spool", "backup", "--force", str(program.spool)).status == 75
    assert len(program.suppressions()) == 1


def test_a_copy_under_a_pipe(program: Program) -> None:
    """While the pipe writes, copies are made of whole commits, and the pipe loses nothing."""
    with program.start("--no-dispatch") as running:
        running.pour(accounting(bounce(f"r{number}@example.net") for number in range(20_000)))
        running.wait_until(program.spool.exists)
        running.wait_until(lambda: bool(program.run("spool", "backup", "--force", "copy.db").status == 0))
        assert running.wait().status == 0
    assert program.status()["suppressions"] == 20_000
    with closing(sqlite3.connect(program.folder / "copy.db")) as raw:
        suppressions, dispatches = (
            raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608  # two names of ours
            for table in ("suppression", "dispatch")
        )
    assert suppressions == dispatches


def test_what_is_old_is_pruned(program: Program) -> None:
    """`spool prune` removes what was done longer ago than `keep_done`, and what is not done stays."""
    program.feed([bounce("jane@example.com")])
    with_dead_letters(program, "dead@example.com")
    program.feed([bounce("newest@example.com")])
    age(program, 89)
    assert "removed 0 suppressions" in program.run("spool", "prune").stdout
    age(program, 2)
    assert program.run("spool", "prune").stdout == "removed 1 suppression that was done more than 90d ago\n"
    assert recipients(program.suppressions()) == ["dead@example.com", "newest@example.com"]
    status = program.status()
    assert (status["suppressions"], status["dispatches"]["done"], status["dispatches"]["dead"]) == (2, 1, 1)


def test_keep_done(program: Program) -> None:
    """`keep_done` sets how long; never less than `repeat_after`; "forever" keeps all; 0 is refused."""
    url = f"sqlite:///{program.spool}"
    program.feed([bounce("jane@example.com"), bounce("newest@example.com")])
    age(program, 100)
    program.configure({"spool": {"url": url, "keep_done": "forever"}}, trail=trail(program.folder))
    assert program.run("spool", "prune").stdout == "nothing is removed: keep_done is forever\n"
    program.configure(
        {"spool": {"url": url, "keep_done": "1d"}, "dispatch": {"repeat_after": "200d"}}, trail=trail(program.folder)
    )
    assert "removed 0" in program.run("spool", "prune").stdout
    for wrong in ("0s", "never", ""):
        program.configure({"spool": {"url": url, "keep_done": wrong}})
        refused = program.run("spool", "prune")
        assert refused.status == 78
        assert "spool.keep_done must be" in refused.stderr
    program.configure(trail=trail(program.folder))
    assert len(program.suppressions()) == 2


def keeping(program: Program, **keep: str) -> None:
    """Configure `[spool.keep]`."""
    program.configure({"spool": {"url": f"sqlite:///{program.spool}", "keep": keep}}, trail=trail(program.folder))


def test_keep_by_kind(program: Program) -> None:
    """`[spool.keep]` has a time for each reason; --kind removes that kind alone; the newest stays."""
    program.feed([bounce("jane@example.com")])
    program.feed(b"joe@example.com\n")
    program.feed([bounce("newest@example.com")])
    age(program, 40)
    keeping(program, bounce="30d", list="20d")
    assert program.run("spool", "prune", "--kind", "complaint").stdout.startswith("removed 0 suppressions")
    output = program.run("spool", "prune", "--kind", "list").stdout
    assert output == "removed 1 suppression that was done more than 20d ago\n"
    assert recipients(program.suppressions()) == ["jane@example.com", "newest@example.com"]
    output = program.run("spool", "prune").stdout
    assert output == "removed 1 suppression that was done longer ago than [spool.keep] allows\n"
    assert recipients(program.suppressions()) == ["newest@example.com"]
    assert program.run("spool", "prune", "--kind", "bounces").status == 64


def test_attempts_are_erased_before(program: Program) -> None:
    """With `attempts` the calls go first: `explain` still has the outcome; a file fed again changes nothing."""
    rows = [bounce("jane@example.com"), bounce("newest@example.com")]
    program.feed(rows)
    age(program, 10)
    keeping(program, bounce="forever", attempts="7d")
    output = program.run("spool", "prune").stdout.splitlines()
    assert output[1:] == ["removed 2 of the attempts for dispatches done more than 7d ago"]
    included = program.run("explain", "jane@example.com").stdout
    assert "done: unsubscribed" in included
    assert "call:" not in included
    assert program.feed(rows).finished["duplicates"] == 2
    assert len(delivered(program)) == 2
    assert program.run("spool", "prune", "--kind", "attempts").stdout.startswith("removed 0 of the attempts")
    output = program.run("spool", "prune", "--kind", "bounce").stdout.splitlines()
    assert output == ["nothing is removed: it is kept forever"]


def test_mistakes_in_keep(program: Program) -> None:
    """An unknown kind, and what is no time, get one sentence."""
    for key, value, sentence in [
        ("bounces", "1d", "spool.keep.bounces is not a known key; did you mean bounce?"),
        ("attempts", "0s", "spool.keep.attempts must be more than 0:"),
        ("list", "soon", 'spool.keep.list must be a time such as "90d", or "forever"'),
    ]:
        keeping(program, **{key: value})
        refused = program.run("spool", "prune")
        assert refused.status == 78
        assert len(refused.sentences) == 1
        assert sentence in refused.sentences[0]


@pytest.mark.parametrize("args", [(), ("work",)], ids=["run", "work"])
def test_pruned_by_itself(program: Program, args: tuple[str, ...]) -> None:
    """A run that dispatches, and `work`, remove what is old by themselves, and log it."""
    program.feed([bounce("jane@example.com"), bounce("joe@example.com"), bounce("newest@example.com")])
    age(program, 100)
    with program.start(*args) as running:
        running.wait_for("pruned")
        running.process.terminate()
        finished = running.wait()
    assert finished.logged("pruned", suppressions=2)
    assert recipients(program.suppressions()) == ["newest@example.com"]


def test_fed_again_after_it_was_pruned(program: Program) -> None:
    """A record that is fed again counts as known while it is kept, and anew after it was pruned."""
    rows = [bounce("jane@example.com"), bounce("newest@example.com")]
    program.feed(rows)
    assert program.feed(rows).finished["duplicates"] == 2
    age(program, 100)
    program.run("spool", "prune")
    again = program.feed(rows).finished
    assert (again["suppressed"], again["duplicates"]) == (2, 1)
    assert sorted(recipients(delivered(program))) == ["jane@example.com", "jane@example.com", "newest@example.com"]


def test_the_pipe_without_dispatch_prunes_nothing(program: Program) -> None:
    """With --no-dispatch the pipe only fills the spool."""
    program.feed([bounce("jane@example.com"), bounce("newest@example.com")])
    age(program, 100)
    program.feed([bounce("late@example.com")], "--no-dispatch")
    assert len(program.suppressions()) == 3


def test_the_file_shrinks_on_request(program: Program) -> None:
    """`spool prune --vacuum` gives back what is free in the file."""
    program.feed("".join(f"user{number}@example.com\n" for number in range(5000)).encode())
    age(program, 100)
    program.feed([bounce("newest@example.com")], "--no-dispatch")
    size = program.spool.stat().st_size
    output = program.run("spool", "prune", "--vacuum").stdout
    assert "removed 5,000 suppressions" in output
    assert output.endswith(f"the file is {size - program.spool.stat().st_size:,} bytes smaller\n")
    assert program.spool.stat().st_size < size / 2

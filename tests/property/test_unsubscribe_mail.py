"""List-Unsubscribe mail of any shape: only documented exit statuses, and never another person than the token's."""

import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bouncehandler.record import Subscriber, parse_address
from bouncehandler.unsubscribe.auto_reply import examine_head
from bouncehandler.unsubscribe.maildrop import MAX_HEAD, compose, deliver
from bouncehandler.unsubscribe.maildrop_reader import (
    AutoReply,
    DamagedMessage,
    UnsubscribeMessage,
    UnsubscribeRequest,
    read_messages,
    remove_message,
)
from bouncehandler.unsubscribe.tokens import Domain, identify, parse, unsubscribe_address, verify
from tests.acceptance.harness import LONGEST, SCRIPT, Program
from tests.acceptance.unsubscribing import IDS, MAIL, folder_of, installation, send, signed, warm
from tests.fakes.server import wait_until

SECRET = "6a1c5f0e6a1c5f0e6a1c5f0e6a1c5f0e"
TODAY = 20_000
PERSON = Subscriber("mailwizz", "ab123cd456ef7", "gh890ij123kl4", "mn567op890qr1")
VICTIM = "victim@example.com"

RUNS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

_ids = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789", min_size=1, max_size=64)
_names = st.sampled_from(
    [
        "Subject", "From", "From", "To", "Date", "Message-Id", "Auto-Submitted", "Precedence", "Content-Type",
        "X-Vacation", "List-Unsubscribe", "X-Mw-Subscriber-Uid", "List-Id", "Reply-To", "recipient", "subscriber_id",
        "head", "received", "Bcc", "", " ", "X-\xff",
    ]
)  # fmt: skip
_values = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        [
            VICTIM, f"<{VICTIM}>", f"mailto:{VICTIM}", f"x\r\nrecipient: {VICTIM}", f"\n\nrecipient: {VICTIM}\n\n",
            "auto-replied", "no", "auto-generated", "bulk", "multipart/report", "unsubscribe", "=?utf-8?b?////?=",
            "=?utf-8?q?=0D=0ABcc:_x?=", "=?x?q?y?=", "=?unicode_escape?q?=5Cud800?=", "=?punycode?q?zzzzzzzz-9999?=",
            "MAILER-DAEMON", "postmaster@x.example", "<" * 2000, "(" * 3000, '"' * 3000, "=?" * 1500,
            "a@b," * 500, "\0",
        ]
    ),
)  # fmt: skip


def _encoded(lines: list[tuple[str, str]], end: str) -> bytes:
    return end.join(f"{name}: {value}" for name, value in lines).encode("utf-8", "surrogatepass") + end.encode() * 2


_heads = st.builds(
    _encoded, st.lists(st.tuples(_names, _values), max_size=12), st.sampled_from(["\n", "\r\n", "\r", "\n ", "\0\n"])
)
_nested = st.integers(1, 60).map(
    lambda depth: b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (at, at) for at in range(depth)
    )
)
_mails = st.one_of(st.binary(max_size=3000), _heads, st.builds(bytes.__add__, _heads, st.binary(max_size=200)), _nested)

_HOSTILE = {
    "10,000 headers": b"".join(b"X-%d: %s\r\n" % (at, VICTIM.encode()) for at in range(10_000)) + b"\r\n",
    "one header of 10 MB": b"Subject: " + b"a" * 10_000_000,
    "one header folded 100,000 times": b"From: a@b.example" + b",\r\n b@c.example" * 100_000 + b"\r\n\r\n",
    "NULs": b"From: a\0b@example.com\0\r\n\0Subject: \0\r\n\r\n\0",
    "a message of ours": b"bouncehandler message 1\nreceived: 1\nrecipient: victim@example.com\nhead: 0\n\n",
    "nested MIME": b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (at, at) for at in range(9999)
    ),
    "only line ends": b"\r\n" * 1_000_000,
    "only carriage returns": b"\r" * 1_000_000,
    "only brackets": b"From: " + b"<(" * 500_000 + b"\n\n",
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """An installation with a kept configuration."""
    made = installation(tmp_path_factory.mktemp("mail"))
    warm(made)
    return made


def _taken(program: Program) -> Iterator[UnsubscribeMessage]:
    for message in read_messages(folder_of(program), now=0):
        remove_message(folder_of(program), message.name)
        yield message


def _run(program: Program, mail: bytes, sender: str, to: str) -> tuple[int, bytes]:
    command = [*SCRIPT, "--config", str(program.config), "unsubscribe", "--from", sender, "--to", to]
    finished = subprocess.run(
        command, input=mail, capture_output=True, env={"HOME": str(program.folder)}, timeout=LONGEST, check=False
    )
    assert finished.stdout == b""
    return finished.returncode, finished.stderr


def _is_for(message: UnsubscribeMessage, recipient: str, subscriber: Subscriber) -> bool:
    assert isinstance(message, UnsubscribeRequest | AutoReply), message
    record = message.record
    texts = (record.sender, record.address, *(text for _, text in record.headers))
    assert all(text.isprintable() for text in texts)
    return (record.recipient, record.subscriber) == (recipient, subscriber)


@RUNS
@given(mail=_mails, sender=st.sampled_from(["", VICTIM, "postmaster@outlook.com", f"x\nrecipient: {VICTIM}"]))
def test_any_mail_is_kept_for_the_tokens_person(program: Program, mail: bytes, sender: str) -> None:
    """Any mail ends with 0, silently, and its message is of the token's person alone."""
    for to, recipient, subscriber in ((IDS, "", PERSON), (signed(), "jane@example.com", Subscriber())):
        assert _run(program, mail, sender, to) == (0, b"")
        (message,) = _taken(program)
        assert _is_for(message, recipient, subscriber)


@pytest.mark.parametrize("mail", _HOSTILE.values(), ids=_HOSTILE.keys())
def test_a_hostile_mail_is_kept_for_the_tokens_person(program: Program, mail: bytes) -> None:
    """Hostile mails, made by hand, do no more, and are read quickly."""
    assert _run(program, mail, VICTIM, IDS) == (0, b"")
    (message,) = _taken(program)
    assert _is_for(message, "", PERSON)


_words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)


@RUNS
@given(
    to=st.one_of(
        _words,
        st.builds("{}@fbl-unsub.example.com".format, _words),
        st.builds("{}@unsubscribe.example.com".format, _words),
        st.builds(lambda cut, more: signed()[:cut] + more, st.integers(0, 60), _words),
    ),
    sender=_words,
)
def test_any_command_line_ends_as_documented(program: Program, to: str, sender: str) -> None:
    """For any --to and --from the status is 0, 67 or 75, without a traceback; 0 alone leaves a message."""
    status, expected = _run(program, MAIL, sender, to)
    found = list(_taken(program))
    assert status in {0, 67, 75}
    assert b"Traceback" not in expected
    assert b"bug" not in expected
    assert len(found) == (status == 0)
    if status == 67:
        assert expected == b"bouncehandler: no such address\n"


@settings(deadline=None)
@given(mail=_mails, sender=st.one_of(st.text(max_size=50), st.just(VICTIM)))
def test_judging_never_fails(mail: bytes, sender: str) -> None:
    """Any head of a mail gives single lines of bounded length, and a reason or none."""
    found = examine_head(mail[:MAX_HEAD], sender)
    assert all(text.isprintable() and 0 < len(text) <= 500 for _, text in found.headers)
    assert found.auto_reply.isprintable()


@settings(deadline=None)
@given(values=st.dictionaries(st.sampled_from(["to", "sender"]), st.text()), head=st.binary(max_size=300))
def test_a_message_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, str], head: bytes
) -> None:
    """Any values and any head make a message that is whole, for the person as decided; cut short it is damaged."""
    folder = tmp_path_factory.mktemp("maildrop")
    message = compose(values | {"recipient": "jane@example.com"}, head, received_at=1)
    deliver(str(folder), message, now_ns=1)
    (folder / "9.message").write_bytes(message[:-1])
    whole, torn = read_messages(folder, now=1)
    assert isinstance(whole, UnsubscribeRequest | AutoReply)
    assert whole.record.recipient == "jane@example.com"
    assert isinstance(torn, DamagedMessage)


@given(data=st.binary(max_size=400))
def test_any_file_is_a_message_or_damaged(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """A file of any bytes in the folder, even behind the right first line, ends nothing."""
    folder = tmp_path_factory.mktemp("maildrop")
    (folder / "1.message").write_bytes(data)
    (folder / "2.message").write_bytes(b"bouncehandler message 1\n" + data)
    assert all(isinstance(message, DamagedMessage) for message in read_messages(folder, now=1))


@given(subscriber=_ids, list_id=_ids, campaign=_ids)
def test_ids_survive(subscriber: str, list_id: str, campaign: str) -> None:
    """Ids that are put into a pattern come out of it, and no other text does."""
    pattern = "u-{subscriber}+{list}.{campaign}"
    assert parse(pattern, f"U-{subscriber}+{list_id}.{campaign}") == {
        "subscriber": subscriber, "list": list_id, "campaign": campaign,
    }  # fmt: skip


@given(local=st.text(max_size=80))
def test_parsing_never_fails(local: str) -> None:
    """Any local part matches or not; a match yields ids."""
    found = parse("{subscriber}.{list}", local)
    assert found is None or ".".join((found["subscriber"], found["list"])) == local


@given(
    local=st.text("abcXYZ019.+-_=!'\u00e4", min_size=1, max_size=20),
    days=st.integers(0, 400),
    age=st.integers(0, 400),
)
def test_a_signature_stands_for_its_address_in_its_time(local: str, days: int, age: int) -> None:
    """Any signed address is verified as the same address, until its last day, in any case."""
    address = parse_address(f"{local}@x.example")
    if address is None:
        return
    try:
        made = unsubscribe_address(address, domain="u.example", secret=SECRET, valid_for_days=days, today=TODAY)
    except ValueError:
        assert len(address.encode()) > 21
        return
    found = verify(made.partition("@")[0].upper(), domain="u.example", secrets=(SECRET,), today=TODAY + age)
    assert found == (address if age <= days else None)


@given(address=st.text(max_size=120))
def test_no_made_up_text_is_a_valid_address(address: str) -> None:
    """Without the secret no text is a valid signed address."""
    domains = [Domain("u.example", "", "", "", (SECRET,))]
    assert identify(f"{address}@u.example", domains, today=TODAY) is None


def test_fifty_megabytes_of_headers(program: Program) -> None:
    """A mail of 50 MB that is all head is cut, and kept."""
    wait_until(lambda: not list(_taken(program)))
    assert send(program, b"From: a@example.com\r\n" * 2_500_000).status == 0
    (message,) = _taken(program)
    assert _is_for(message, "", PERSON)

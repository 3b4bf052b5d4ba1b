"""List-Unsubscribe mail through the whole program: from PowerMTA's pipe to every list manager."""

import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.acceptance.harness import SCRIPT, Finished, Program, accounting, bounce
from tests.fakes.mailwizz import API_KEY, FakeMailWizz
from tests.fakes.webhook import SECRET, FakeReceiver

NEWS, OFFERS, CAMPAIGN = "news000000000", "offers0000000", "spring0000001"
ANN = "ann@example.net"
DOMAIN = "fbl-unsub.example.com"
MAIL = (
    b"From: Ann <ann@example.net>\nTo: x@fbl-unsub.example.com\nSubject: unsubscribe\nMessage-Id: <1@example.net>\n\n\n"
)


class House:
    """One installation with MailWizz and a webhook; Ann is on two lists."""

    def __init__(self, program: Program, stack: ExitStack) -> None:
        self.program = program
        self.news, self.crm = stack.enter_context(FakeMailWizz()), stack.enter_context(FakeReceiver())
        self.news.campaign(CAMPAIGN, NEWS)
        self.ann = self.news.subscribe(ANN, NEWS)
        self.news.subscribe(ANN, OFFERS)
        program.configure(
            {"log": {"addresses": "plain"}},
            news={"type": "mailwizz", "url": self.news.api_url, "api_key": API_KEY, "concurrency": 8},
            crm={"type": "webhook", "url": self.crm.hook, "secret": SECRET},
        )
        with program.config.open("a") as config:
            config.write(f'[[unsubscribe]]\ndomain = "{DOMAIN}"\nprovider = "news"\nsecret = "{SECRET}"\n')
            config.write('pattern = "{subscriber}.{list}.{campaign}"\n')

    def token(self, uid: str, list_uid: str = NEWS) -> str:
        """The address for a subscriber."""
        return f"{uid}.{list_uid}.{CAMPAIGN}@{DOMAIN}"

    def mail(self, to: str, sender: str = ANN, data: bytes = MAIL) -> int:
        """One mail, as PowerMTA hands it over; returns the exit status."""
        command = [*SCRIPT, "--config", str(self.program.config), "unsubscribe", "--from", sender, "--to", to]
        folder = self.program.folder
        home = os.environ | {"HOME": str(folder)}
        return subprocess.run(
            command, input=data, capture_output=True, check=False, timeout=180, cwd=folder, env=home
        ).returncode

    def works(self) -> Finished:
        """Have everything carried out that is due."""
        return self.program.feed([bounce("x@example.net", "other")])


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A fresh installation."""
    with ExitStack() as stack:
        yield House(Program(tmp_path), stack)


@pytest.mark.parametrize("sender", [ANN, "", "postmaster@outlook.com"])
def test_by_ids(house: House, sender: str) -> None:
    """The token's person is off every list, for any sender of the mail, and the campaign is recorded."""
    assert house.mail(house.token(house.ann), sender) == 0
    assert house.news.status_of(ANN) == {NEWS: "confirmed", OFFERS: "confirmed"}, "the mail process makes no call"
    finished = house.works()
    with closing(SqliteSpool.open_reading(house.program.spool)) as spool:
        (figure,) = [
            one for one in spool.hourly_counts(0, time.time()) if (one.kind, one.dimension) == ("unsubscribe", "")
        ]
    assert (figure.verdict, figure.number) == ("suppress", 1)
    assert finished.status == 0, finished.stderr
    assert set(house.news.status_of(ANN).values()) == {"unsubscribed"}
    assert house.crm.recipients == [ANN]
    assert [event["data"]["reason"] for event in house.crm.events] == ["unsubscribe"]
    assert len(house.news.calls("POST", f"/campaigns/{CAMPAIGN}/track-unsubscribe/{house.ann}")) == 1


def test_signed(house: House) -> None:
    """A signed address unsubscribes its recipient, an altered one no one."""
    made = house.program.run("unsubscribe-address", ANN)
    assert made.status == 0, made.stderr
    address = made.stdout.strip()
    assert house.mail(address.upper()) == 0
    assert house.mail(address.replace("ann=", "bob=")) == 67
    finished = house.works()
    assert finished.status == 0, finished.stderr
    assert set(house.news.status_of(ANN).values()) == {"unsubscribed"}
    assert house.crm.recipients == [ANN]


def test_automatic_mail(house: House) -> None:
    """A bounce and an auto-reply to the address are accepted, reported, and unsubscribe no one."""
    report = b"From: MAILER-DAEMON@example.net\nContent-Type: multipart/report\n\n"
    away = b"From: ann@example.net\nSubject: Away\nAuto-Submitted: auto-replied\n\n"
    assert [house.mail(house.token(house.ann), "", report), house.mail(house.token(house.ann), ANN, away)] == [0, 0]
    finished = house.works()
    assert len(finished.logged("automatic_mail_ignored")) == 2
    assert set(house.news.status_of(ANN).values()) == {"confirmed"}
    assert house.program.suppressions() == []


def test_the_same_mail_again(house: House) -> None:
    """PowerMTA may hand a mail over twice: it is one request."""
    assert [house.mail(house.token(house.ann)) for _ in range(2)] == [0, 0]
    house.works()
    assert [one["recipient"] for one in house.program.suppressions()] == [f"mailwizz:{NEWS}/{house.ann}", ANN]


def test_work_takes_them_as_they_come(house: House) -> None:
    """`work` carries a request out soon after its mail, without a signal."""
    with house.program.start("work") as working:
        working.wait_for("started")
        assert house.mail(house.token(house.ann)) == 0
        working.wait_until(lambda: house.crm.recipients == [ANN])


def test_64_at_once_while_a_run_dispatches(house: House) -> None:
    """64 mails, 32 in parallel, beside a run that dispatches bounces: every one is kept, and carried out once."""
    people = {f"user{number}@example.net": f"u{number:012}" for number in range(64)}
    for address in people:
        people[address] = house.news.subscribe(address, NEWS)
    bounced = [f"bounced{number}@example.net" for number in range(400)]
    for address in bounced:
        house.news.subscribe(address, NEWS)
    house.news.latency = 0.005
    assert house.mail(house.token("nobody"), "") == 0, "after which the configuration is kept, and each mail quick"
    with house.program.start() as running, ThreadPoolExecutor(32) as pool:
        running.write(accounting(bounce(address) for address in bounced))
        mails = [
            pool.submit(house.mail, house.token(uid), address, MAIL.replace(b"<1@", f"<{uid}@".encode()))
            for address, uid in people.items()
        ]
        assert [mail.result() for mail in mails] == [0] * 64
        finished = running.finish()
    assert finished.status == 0, finished.stderr
    everybody = [*people, *bounced]
    assert {address for address in everybody if house.news.status_of(address) != {NEWS: "unsubscribed"}} == set()
    assert sorted(house.crm.recipients) == sorted(everybody)
    assert len(house.crm.ids) == len(set(house.crm.ids)), "no delivery was repeated"
    assert len(house.news.calls("POST", "/track-unsubscribe/")) == 64

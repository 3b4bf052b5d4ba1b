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


class Installation:
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
        """Carry out everything that is due."""
        return self.program.feed([bounce("x@example.net", "other")])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Installation]:
    """A fresh installation."""
    with ExitStack() as stack:
        yield Installation(Program(tmp_path), stack)


@pytest.mark.parametrize("sender", [ANN, "", "postmaster@outlook.com"])
def test_by_ids(site: Installation, sender: str) -> None:
    """The token's person is off every list, for any sender of the mail, and the campaign is recorded."""
    assert site.mail(site.token(site.ann), sender) == 0
    assert site.news.status_of(ANN) == {NEWS: "confirmed", OFFERS: "confirmed"}, "the mail process makes no call"
    finished = site.works()
    with closing(SqliteSpool.open_reading(site.program.spool)) as spool:
        (figure,) = [
            one for one in spool.hourly_counts(0, time.time()) if (one.kind, one.dimension) == ("unsubscribe", "")
        ]
    assert (figure.verdict, figure.number) == ("suppress", 1)
    assert finished.status == 0, finished.stderr
    assert set(site.news.status_of(ANN).values()) == {"unsubscribed"}
    assert site.crm.recipients == [ANN]
    assert [event["data"]["reason"] for event in site.crm.events] == ["unsubscribe"]
    assert len(site.news.calls("POST", f"/campaigns/{CAMPAIGN}/track-unsubscribe/{site.ann}")) == 1


def test_signed(site: Installation) -> None:
    """A signed address unsubscribes its recipient, an altered one no one."""
    made = site.program.run("unsubscribe-address", ANN)
    assert made.status == 0, made.stderr
    address = made.stdout.strip()
    assert site.mail(address.upper()) == 0
    assert site.mail(address.replace("ann=", "bob=")) == 67
    finished = site.works()
    assert finished.status == 0, finished.stderr
    assert set(site.news.status_of(ANN).values()) == {"unsubscribed"}
    assert site.crm.recipients == [ANN]


def test_automatic_mail(site: Installation) -> None:
    """A bounce and an auto-reply to the address are accepted, reported, and unsubscribe no one."""
    report = b"From: MAILER-DAEMON@example.net\nContent-Type: multipart/report\n\n"
    away = b"From: ann@example.net\nSubject: Away\nAuto-Submitted: auto-replied\n\n"
    assert [site.mail(site.token(site.ann), "", report), site.mail(site.token(site.ann), ANN, away)] == [0, 0]
    finished = site.works()
    assert len(finished.logged("automatic_mail_ignored")) == 2
    assert set(site.news.status_of(ANN).values()) == {"confirmed"}
    assert site.program.suppressions() == []


def test_the_same_mail_again(site: Installation) -> None:
    """PowerMTA may hand a mail over twice: it is one request."""
    assert [site.mail(site.token(site.ann)) for _ in range(2)] == [0, 0]
    site.works()
    assert [one["recipient"] for one in site.program.suppressions()] == [f"mailwizz:{NEWS}/{site.ann}", ANN]


def test_work_takes_them_as_they_come(site: Installation) -> None:
    """`work` carries a request out soon after its mail, without a signal."""
    with site.program.start("work") as working:
        working.wait_for("started")
        assert site.mail(site.token(site.ann)) == 0
        working.wait_until(lambda: site.crm.recipients == [ANN])


def test_64_at_once_while_a_run_dispatches(site: Installation) -> None:
    """64 mails, 32 in parallel, beside a run that dispatches bounces: every one is kept, and carried out once."""
    people = {f"user{number}@example.net": f"u{number:012}" for number in range(64)}
    for address in people:
        people[address] = site.news.subscribe(address, NEWS)
    bounced = [f"bounced{number}@example.net" for number in range(400)]
    for address in bounced:
        site.news.subscribe(address, NEWS)
    site.news.latency = 0.005
    assert site.mail(site.token("unknown"), "") == 0, "after which the configuration is kept, and each mail quick"
    with site.program.start() as running, ThreadPoolExecutor(32) as pool:
        running.write(accounting(bounce(address) for address in bounced))
        mails = [
            pool.submit(site.mail, site.token(uid), address, MAIL.replace(b"<1@", f"<{uid}@".encode()))
            for address, uid in people.items()
        ]
        assert [mail.result() for mail in mails] == [0] * 64
        finished = running.finish()
    assert finished.status == 0, finished.stderr
    addresses = [*people, *bounced]
    assert {address for address in addresses if site.news.status_of(address) != {NEWS: "unsubscribed"}} == set()
    assert sorted(site.crm.recipients) == sorted(addresses)
    assert len(site.crm.ids) == len(set(site.crm.ids)), "no delivery was repeated"
    assert len(site.news.calls("POST", "/track-unsubscribe/")) == 64

"""Feedback loops through the whole program: each way to name a person, at list managers on loopback."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.faults.shifted_clock import ShiftedClock
from tests.acceptance.harness import Finished, Program, accounting, bounce
from tests.fakes.interspire import FakeInterspire
from tests.fakes.mailwizz import API_KEY, FakeMailWizz
from tests.fakes.server import wait_until
from tests.fakes.smtp import FakeSmtp
from tests.fakes.webhook import SECRET, FakeReceiver

COLUMNS = (
    "type,timeLogged,repSourceIp,feedbackType,format,userAgent,envId,orig,rcpt,reportingMta,dlvSourceIp,reportedDomain,"
    "header_From,header_Return-Path,header_X-job,header_Subject,header_Message-Id,header_List-Unsubscribe,header_List-Id,"
    "header_X-Mw-Subscriber-Uid,header_X-Mailer-LID,header_X-Mailer-RecptId,arf_Original-Rcpt-To"
)
"""The columns that the block in `deploy/docs/powermta.md` asks for."""

NEWS, OFFERS, CAMPAIGN = "news000000000", "offers0000000", "spring0000001"
ANN = "ann@example.net"

StatsBucket = Mapping[str, str]


def report(rcpt: str = "", **cells: str) -> dict[str, str]:
    """A row of a feedback loop as PowerMTA writes it; `_` in a name stands for `-`, but for the first."""
    named = {name.replace("_", "-").replace("-", "_", 1): cell for name, cell in cells.items()}
    basis = {
        "type": "f",
        "timeLogged": "2026-03-01 09:30:05+0000",
        "repSourceIp": "192.0.2.20",
        "feedbackType": "abuse",
        "format": "arf",
        "userAgent": "FBL/1.0",
        "rcpt": rcpt,
        "header_From": "Shop <shop@lists.example>",
        "header_Subject": "Sale",
    }
    return basis | named


def feed(rows: list[dict[str, str]]) -> bytes:
    """The rows as a file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS.split(","), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


class Installation:
    """One installation with a list manager of each kind; Ann is on two lists of MailWizz and one of Interspire."""

    def __init__(self, program: Program, stack: ExitStack) -> None:
        self.program = program
        self.news, self.old = stack.enter_context(FakeMailWizz()), stack.enter_context(FakeMailWizz())
        self.shop, self.crm = stack.enter_context(FakeInterspire()), stack.enter_context(FakeReceiver())
        self.news.campaign(CAMPAIGN, NEWS)
        for number in range(20):  # so that no id of theirs is also one of the other MailWizz's
            self.news.subscribe(f"stranger{number}@example.net", OFFERS)
        self.ann = self.join(ANN)
        self.news.subscribe("bob@example.net", NEWS)
        self.configure()

    def join(self, subject: str) -> str:
        """Put a person on four lists; returns the subscriber's id on the one that sends."""
        self.news.subscribe(subject, OFFERS)
        self.old.subscribe(subject, NEWS)
        self.shop.subscribe(subject, "1")
        return self.news.subscribe(subject, NEWS)

    def configure(self, **tables: Mapping[str, object]) -> None:
        """Configure providers that get no bounces, to show that complaints go to all."""
        anonymous = {"originators": ["other@lists.example"]}
        mailwizz = {"type": "mailwizz", "api_key": API_KEY, **anonymous}
        self.program.configure(
            {"log": {"addresses": "plain"}, **tables},
            news={**mailwizz, "url": self.news.api_url},
            old={**mailwizz, "url": self.old.api_url},
            shop={
                "type": "interspire", "url": self.shop.endpoint, "username": self.shop.username,
                "token": self.shop.token, **anonymous,
            },
            crm={"type": "webhook", "url": self.crm.hook, "secret": SECRET, **anonymous},
        )  # fmt: skip

    @property
    def crm_settings(self) -> dict[str, object]:
        """Settings of the webhook, which gets everything."""
        return {"type": "webhook", "url": self.crm.hook, "secret": SECRET}

    def reports(self, *rows: dict[str, str]) -> Finished:
        """Feed complaints to their end."""
        return self.program.feed(feed(list(rows)))

    @property
    def statuses(self) -> dict[str, set[str]]:
        """Ann's statuses at each list manager, and the webhook's recipients."""
        return self.lists(ANN) | {"crm": set(self.crm.recipients)}

    def lists(self, subject: str) -> dict[str, set[str]]:
        """A person's statuses at each list manager."""
        managers: Mapping[str, FakeMailWizz | FakeInterspire]
        managers = {"news": self.news, "old": self.old, "shop": self.shop}
        return {name: set(manager.status_of(subject).values()) for name, manager in managers.items()}


OFF_ALL = {"news": {"unsubscribed"}, "old": {"unsubscribed"}, "shop": {"unsubscribed"}}
GONE = OFF_ALL | {"crm": {ANN}}
STILL_THERE = {"news": {"confirmed"}, "old": {"confirmed"}, "shop": {"active"}, "crm": set[str]()}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Installation]:
    """A fresh installation."""
    with ExitStack() as stack:
        yield Installation(Program(tmp_path), stack)


@pytest.mark.parametrize(
    "notices",
    [
        {"rcpt": ANN},
        {"rcpt": f'"Doe, Ann" <{ANN.upper()}>'},
        {"rcpt": "<>", "arf_Original_Rcpt_To": f"{ANN}"},
        {"rcpt": f"<{ANN}>", "feedbackType": "", "format": "jmrp", "userAgent": "", "reportedDomain": "hotmail.com"},
        {"rcpt": ANN, "feedbackType": "fraud", "orig": "other@else.example"},
    ],
    ids=["plain", "dressed", "the report's own field", "Microsoft JMRP", "fraud"],
)
def test_by_address(site: Installation, notices: dict[str, str]) -> None:
    """A complaint with the address unsubscribes it from every list of every list manager, whatever the sender."""
    finished = site.reports(report(**notices))
    assert finished.status == 0, finished.stderr
    assert site.statuses == GONE
    assert site.news.status_of("bob@example.net") == {NEWS: "confirmed"}


HIDDEN = {
    "abe@example.net": "",
    "cai@example.net": "...",
    "dee@example.net": "x@aol.com",
    "eva@example.net": "3f786850e387550fdab836ed7e6dc881de23001b@mail.ru",
}
"""Subscribers, and the forms in which reports hide their addresses."""


@pytest.mark.parametrize("how", ["headers", "token", "configured token"])
def test_by_mailwizz_ids(site: Installation, how: str) -> None:
    """Where the address is hidden, MailWizz's ids stand for it; MailWizz returns it, and all others are called."""
    ids = {subject: site.join(subject) for subject in HIDDEN}
    if how == "configured token":
        with site.program.config.open("a") as config:
            config.write('[[unsubscribe]]\ndomain = "u.example"\nprovider = "news"\n')
            config.write('pattern = "u+{subscriber}.{list}.{campaign}"\n')
    finished = site.reports(*(report(HIDDEN[subject], **_by_ids(how, uid)) for subject, uid in ids.items()))
    assert finished.status == 0, finished.stderr
    assert [site.lists(subject) for subject in HIDDEN] == [OFF_ALL] * len(HIDDEN)
    assert sorted(site.crm.recipients) == sorted(HIDDEN)
    people = sorted(one["recipient"] for one in site.program.suppressions())
    assert people == sorted([*HIDDEN, *(f"mailwizz:{NEWS}/{uid}" for uid in ids.values())])


def _by_ids(how: str, uid: str) -> dict[str, str]:
    """The cells that name a subscriber of MailWizz's."""
    token = f"{uid}.{NEWS}.{CAMPAIGN}"
    return {
        "headers": {"header_List_Id": f"{NEWS} <News>", "header_X_Mw_Subscriber_Uid": uid},
        "token": {"header_List_Unsubscribe": f"<mailto:{token}@any.example?subject=unsubscribe>"},
        "configured token": {"header_List_Unsubscribe": f"<mailto:u+{token}@u.example>, <https://u.example/>"},
    }[how]


def test_by_interspire_ids(site: Installation) -> None:
    """Interspire gets its own ids; no address is learned, and no other provider is called."""
    subscriber = site.shop.subscriber_id(ANN, "1")
    finished = site.reports(report("redacted@aol.com", header_X_Mailer_LID="2, 1", header_X_Mailer_RecptId=subscriber))
    assert finished.status == 0, finished.stderr
    assert site.statuses == STILL_THERE | {"shop": {"unsubscribed"}}


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure", "dmarc"])
def test_no_complaints(site: Installation, kind: str) -> None:
    """`not-spam` takes a complaint back, and reports of authentication are none."""
    finished = site.reports(report(ANN, feedbackType=kind))
    assert (finished.status, site.statuses) == (0, STILL_THERE)
    assert finished.finished["ignored"] == {f'policy.complaint.{kind} = "ignore"': 1}


def test_several_recipients(site: Installation) -> None:
    """A report about several recipients, in a cell that is a CSV list in itself, unsubscribes each of them."""
    finished = site.reports(report("", arf_Original_Rcpt_To=f'"{ANN}","bob@example.net"'))
    assert finished.status == 0, finished.stderr
    assert site.statuses["news"] == set(site.news.status_of("bob@example.net").values()) == {"unsubscribed"}


def test_anonymous_complaint(site: Installation) -> None:
    """An anonymous complaint is kept, counted and reported with what to add to PowerMTA's configuration; exit 0."""
    finished = site.program.feed(b"type,timeLogged,feedbackType,rcpt\nf,2026-03-01 09:30:05+0000,abuse,...\n")
    assert (finished.status, site.statuses) == (0, STILL_THERE)
    (event,) = finished.logged("complaint_anonymous")
    assert "record-fields f *, header_Message-Id, header_List-Unsubscribe" in event["mend"]
    assert finished.finished["ignored"] == {"an anonymous complaint": 1}
    kept = site.program.spool.with_suffix(".rejected.csv").read_text()
    assert kept == "type,timeLogged,feedbackType,rcpt\nf,2026-03-01 09:30:05+0000,abuse,...\n"


def test_the_same_in_both_spellings(site: Installation) -> None:
    """A file that writes header_subject, and one that writes header_Subject, hold the same complaint."""
    first = feed([report(ANN)])
    second = first.replace(b"header_Subject", b"header_subject")
    assert site.program.feed(first).finished["duplicates"] == 0
    assert site.program.feed(second).finished["duplicates"] == 1
    assert len(site.crm.ids) == 1


def test_unknown_ids(site: Installation) -> None:
    """Ids that MailWizz does not know are settled as unknown, once, and no person is unsubscribed."""
    notices = {"header_List_Id": NEWS, "header_X_Mw_Subscriber_Uid": "nobody0000000"}
    finished = site.reports(report("", **notices))
    assert (finished.status, site.statuses) == (0, STILL_THERE)
    assert len(finished.logged("unknown")) == 2, "each MailWizz was asked"


def test_two_instances_on_one_spool(site: Installation) -> None:
    """Bounces and complaints of 2,000 recipients each, fed at once: none is lost, and no provider is called twice."""
    site.program.configure(
        {"log": {"level": "warning"}},
        crm={"type": "webhook", "url": site.crm.hook, "secret": SECRET, "batch_size": 100, "concurrency": 4},
    )
    bounced = accounting(bounce(f"b{number}@example.net") for number in range(2000))
    complained = feed([report(f"c{number}@example.net") for number in range(2000)])
    with site.program.start("--logfile", "fbl.log") as fbl, site.program.start() as bounces:
        for running, data in ((fbl, complained), (bounces, bounced)):
            running.pour(data)
        finished = [bounces.wait(), fbl.wait()]
    # One of them may have ended while the other still called: it reports waiting entries, and no loss.
    assert {one.status for one in finished} <= {0, 75}, [one.stderr for one in finished]
    assert site.program.status()["dispatches"]["pending"] == 0
    addresses = [f"{kind}{number}@example.net" for kind in "bc" for number in range(2000)]
    assert sorted(site.crm.recipients) == sorted(addresses)
    assert len(site.crm.ids) == len(set(site.crm.ids)), "no delivery was repeated"


def test_a_minute_of_5000_complaints(site: Installation) -> None:
    """5,000 complaints within a minute are one mail at once and one digest, with hostile subjects escaped."""
    hostile = "<script>alert(1)</script>\nBcc: victim@example.com"
    with FakeSmtp() as smtp:
        site.program.configure(
            {"notify": {"to": ["postmaster@example.com"], "smtp": smtp.address, "every": "1h"}},
            crm={"type": "webhook", "url": site.crm.hook, "secret": SECRET, "batch_size": 100},
        )
        rows = [report(f"user{number}@example.net", header_Subject=hostile) for number in range(5000)]
        clock = ShiftedClock(site.program.folder)
        with site.program.start(environ=clock.environ) as running:
            running.write(feed(rows[:1]))
            wait_until(lambda: len(smtp.taken) == 1)
            running.write(feed(rows[1:2500]))
            running.write(feed(rows[2500:]))
            running.wait_until(lambda: bool(site.program.status()["dispatches"]["done"] == 5000))
            assert site.program.status()["notices"] == 4999
            clock.step(3600)
            wait_until(lambda: len(smtp.taken) == 2)
            finished = running.finish()
        assert finished.status == 0, finished.stderr
        assert [re.findall("([0-9,]+) complaint", subject) for subject in smtp.subjects] == [["1"], ["4,999"]]
        digest = smtp.taken[1]
        assert digest.recipients == ("postmaster@example.com",)
        assert "&lt;script&gt;" in digest.text("html")
        assert "<script" not in digest.text("html")
        assert "user1@example.net" not in digest.text() + digest.text("html"), "addresses are masked"

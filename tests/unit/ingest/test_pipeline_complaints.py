"""Complaints are decided by their feedback type, go to all providers, and none is dropped without a counted reason."""

import pytest

from bouncehandler.ingest.suppression_builder import TokenHolder
from bouncehandler.policy import Policy
from bouncehandler.record import Subscriber
from tests.fakes.ingest import PipelineOnFakes, bounce

HEADER = (
    b"type,timeLogged,feedbackType,orig,rcpt,header_Subject,header_List-Unsubscribe,header_X-Mailer-LID,"
    b"header_X-Mailer-RecptId\n"
)
PROVIDERS = {"news": ["news@example.com"], "shop": ["shop@example.com"], "crm": []}
TYPES = {"news": "mailwizz", "shop": "interspire", "crm": "webhook"}


def complaint(recipient: str = "ann@example.net", kind: str = "abuse", token: str = "", ids: str = ",") -> bytes:
    """A row under HEADER."""
    return f"f,2026-06-01 12:30:00+0000,{kind},x@example.com,{recipient},Sale,{token},{ids}\n".encode()


@pytest.fixture
def left() -> PipelineOnFakes:
    """A pipeline with three providers and one configured List-Unsubscribe domain."""
    tokens = {
        "a.b@u.example.com": TokenHolder(subscriber=Subscriber("mailwizz", "b", "a"), provider="news"),
        "signed@u.example.com": TokenHolder(recipient="bob@example.net"),
    }
    return PipelineOnFakes(routes=PROVIDERS, types=TYPES, tokens=tokens.get)


def test_goes_to_all_providers(left: PipelineOnFakes) -> None:
    """A complaint is queued for every provider, whatever its sender, with its evidence."""
    left.reads(HEADER, complaint())
    (entry,) = left.spool.entries
    assert (entry.providers, entry.id_providers) == (("news", "shop", "crm"), ())
    suppression = entry.suppression
    assert (suppression.recipient, suppression.reason, suppression.record_type) == ("ann@example.net", "complaint", "f")
    assert (suppression.category, suppression.rule) == ("abuse", 'policy.complaint."*" = "suppress"')
    assert entry.evidence == (("Subject", "Sale"),)
    assert left.pipeline.tally().records == {"f": 1}
    assert left.pipeline.tally().unwanted == {}


@pytest.mark.parametrize("kind", ["abuse", "ABUSE", "fraud", "virus", "other", "opt-out", "miscategorized", ""])
def test_types_that_suppress(left: PipelineOnFakes, kind: str) -> None:
    """Every feedback type is a complaint but those that are named; also none at all, which is Microsoft's."""
    left.reads(HEADER, complaint(kind=kind))
    assert left.spool.recipients == ["ann@example.net"]


@pytest.mark.parametrize("kind", ["not-spam", "Not_Spam", "not spam", "auth-failure", "dmarc"])
@pytest.mark.parametrize("recipient", ["ann@example.net", ""])
def test_types_that_do_not(left: PipelineOnFakes, kind: str, recipient: str) -> None:
    """`not-spam` takes a complaint back, reports of authentication are none: counted by rule, and not kept."""
    left.reads(HEADER, complaint(recipient, kind))
    assert left.spool.entries == []
    assert left.pipeline.tally().ignored == {
        f'policy.complaint.{kind.lower().replace("_", "-").replace(" ", "-")} = "ignore"': 1
    }
    assert left.rejected.rows == []


def test_policy_is_the_operators() -> None:
    """The configuration may decide otherwise, type by type."""
    left = PipelineOnFakes(policy=Policy(complaint={"fraud": "suppress", "*": "ignore"}))
    left.reads(HEADER, complaint(), complaint("bob@example.net", "fraud"))
    assert left.spool.recipients == ["bob@example.net"]
    assert left.pipeline.tally().ignored == {'policy.complaint."*" = "ignore"': 1}


def test_ids_alone(left: PipelineOnFakes) -> None:
    """A complaint that has only ids is queued for all providers, and goes first to those that the ids belong to."""
    left.reads(HEADER, complaint("...", ids='"8,13",17'))
    (entry,) = left.spool.entries
    assert (entry.providers, entry.id_providers) == (("news", "shop", "crm"), ("shop",))
    assert (entry.suppression.recipient, entry.suppression.subject) == ("", "interspire:8,13/17")


def test_token_with_ids(left: PipelineOnFakes) -> None:
    """The token of a List-Unsubscribe header names the provider of its ids."""
    left.reads(HEADER, complaint("", token='"<mailto:x@example.com>, <mailto:a.b@u.example.com?subject=u>"'))
    (entry,) = left.spool.entries
    assert (entry.suppression.subject, entry.id_providers) == ("mailwizz:b/a", ("news",))


def test_signed_token(left: PipelineOnFakes) -> None:
    """A signed token names an address, which counts where the reporter hid it."""
    left.reads(HEADER, complaint("redacted@aol.com", token="<mailto:signed@u.example.com>"))
    (entry,) = left.spool.entries
    assert (entry.suppression.recipient, entry.id_providers) == ("bob@example.net", ())


def test_reported_address_goes_first(left: PipelineOnFakes) -> None:
    """Where the reporter names the address, a token adds its ids and changes nothing else."""
    left.reads(
        HEADER,
        complaint(token="<mailto:a.b@u.example.com>"),
        complaint("c@example.net", token="<mailto:signed@u.example.com>"),
    )
    ann, other = (entry.suppression for entry in left.spool.entries)
    assert (ann.recipient, ann.subscriber_id) == ("ann@example.net", "a")
    assert other.recipient == "c@example.net"


def test_ids_are_unknown() -> None:
    """Ids that no provider knows are recorded, and counted as unrouted."""
    left = PipelineOnFakes(routes={"crm": []}, types={"crm": "webhook"})
    left.reads(HEADER, complaint("", ids="8,17"))
    assert [entry.id_providers for entry in left.spool.entries] == [()]
    assert left.pipeline.tally().unwanted == {"(ids of interspire)": 1}


def test_anonymous(left: PipelineOnFakes) -> None:
    """An anonymous complaint is kept under its header, counted, and reported with the columns to ask for."""
    header = b"type,timeLogged,feedbackType,rcpt,header_List-Unsubscribe\n"
    rows = [b"f,,abuse,...,<mailto:who@knows.example>\n", b"f,,abuse,,\n"]
    left.reads(header, *rows)
    assert left.rejected.rows == [header, *rows]
    assert left.pipeline.tally().ignored == {"an anonymous complaint": 2}
    assert left.pipeline.tally().unreadable == {}
    first, _ = left.log.named("complaint_anonymous")
    assert first["line"] == 2
    assert first["columns_missing"] == [
        "header_List-Id", "header_X-Mw-Subscriber-Uid", "header_X-Mailer-LID", "header_X-Mailer-RecptId",
    ]  # fmt: skip
    assert "record-fields f *, header_Message-Id, header_List-Unsubscribe" in str(first["mend"])


def test_several_recipients(left: PipelineOnFakes) -> None:
    """A report about several people is a suppression of each; the row counts once."""
    left.reads(HEADER, complaint('"ann@example.net,bob@example.net"'))
    assert left.spool.recipients == ["ann@example.net", "bob@example.net"]
    assert (left.pipeline.tally().records, left.pipeline.tally().suppressed) == ({"f": 1}, 2)


def test_each_is_reported() -> None:
    """At level debug the log takes a line for every complaint, with its type and rule."""
    left = PipelineOnFakes(logs_rows=True)
    left.reads(HEADER, complaint(), complaint("", ids="8,17"), complaint(kind="not-spam"))
    message = [(event["recipient"], event["verdict"]) for event in left.log.named("row")]
    assert message == [("ann@example.net", "suppress"), ("interspire:8/17", "suppress"), ("ann@example.net", "ignore")]


class TestUnreadableShare:
    """The notice about input with too many unreadable rows."""

    def test_reported_once(self) -> None:
        """The postmaster gets one notice per input, with numbers and reasons."""
        left = PipelineOnFakes()
        left.reads(HEADER, *[complaint()] * 2000, *[b"rubbish\n"] * 30, *[complaint()] * 5, *[b"rubbish\n"] * 30)
        assert left.spool.notices == [("unreadable", {"rows": "60", "of": "2,065", "reasons": "unknown-type 60"})]

    def test_not_below(self) -> None:
        """A share below the limit is only logged."""
        left = PipelineOnFakes()
        left.reads(HEADER, *[complaint()] * 2000, *[b"rubbish\n"] * 20)
        assert left.spool.notices == []

    def test_of_a_stream_that_goes_on(self) -> None:
        """A stream is judged neither by its first rows alone nor only at its end."""
        left = PipelineOnFakes(batch_rows=100)
        left.pipeline.feed(HEADER + b"rubbish\n" * 150)
        assert left.spool.notices == []
        left.pipeline.feed(complaint() * 900)
        left.pipeline.feed(b"rubbish\n" * 100)
        assert [kind for kind, _ in left.spool.notices] == ["unreadable"]

    def test_anonymous_is_readable(self) -> None:
        """An anonymous complaint does not count as unreadable."""
        left = PipelineOnFakes()
        left.reads(HEADER, *[complaint("")] * 10, bounce())
        assert left.spool.notices == []

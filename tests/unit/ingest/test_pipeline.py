"""Ingest pipeline: rows are decided, counted, and committed in groups; none is dropped without a counted reason."""

import pytest

from bouncehandler.policy import Policy
from bouncehandler.spool import QueuedSuppression, SpoolError
from bouncehandler.suppression import Suppression
from tests.fakes.ingest import HEADER, PipelineOnFakes, bounce

DISK = SpoolError("the disk is full")


class TestDecisions:
    """Decisions on rows."""

    def test_suppressed(self) -> None:
        """A bounce of a bad mailbox is a suppression with its evidence, for the providers that it is routed to."""
        left = PipelineOnFakes(routes={"news": ["news@example.com"], "crm": [], "other": ["*@elsewhere.example.com"]})
        left.reads(HEADER, bounce())
        (entry,) = left.spool.entries
        assert entry.providers == ("news", "crm")
        suppression = entry.suppression
        assert (suppression.recipient, suppression.reason) == ("user0@example.com", "bounce")
        assert suppression.rule == 'policy.bounce.bad-mailbox = "suppress"'
        assert (suppression.record_type, suppression.category, suppression.status) == ("b", "bad-mailbox", "5.1.1")
        assert (suppression.diagnostic, suppression.job_id) == ("smtp;550 no", "june")
        assert suppression.occurred_at is not None
        assert suppression.occurred_at.isoformat() == "2026-06-01T12:30:00+00:00"
        assert left.pipeline.tally().suppressed == 1

    def test_ignored_by_rule(self) -> None:
        """Ignored rows are counted by the rule that decided, in the words of the configuration."""
        left = PipelineOnFakes()
        left.reads(
            HEADER,
            *(bounce(n, "spam-related") for n in range(3)),
            bounce(4, "quota-issues"),
            bounce(5, "our-own-category"),
            bounce(6, "spam-related"),
        )
        assert left.spool.entries == []
        assert left.pipeline.tally().ignored == {
            'policy.bounce.spam-related = "ignore"': 4,
            'policy.bounce."*" = "ignore"': 1,
        }
        rule = 'policy.bounce.quota-issues = { suppress_after = 3, within = "21d" }'
        assert left.pipeline.tally().counted == {rule: 1}
        assert [counted.suppression.recipient for counted in left.spool.soft_bounces] == ["user4@example.com"]
        assert left.pipeline.tally().records == {"b": 6}

    def test_ignored_by_status(self) -> None:
        """A hard category that the status softens is counted under the status's rule, and does not teach the reader."""
        left = PipelineOnFakes()
        left.reads(HEADER, bounce(0).replace(b"5.1.1", b"5.7.1"), bounce(1))
        assert left.pipeline.tally().ignored == {'policy.status."5.7.x" = "ignore"': 1}
        assert left.spool.recipients == ["user1@example.com"]

    def test_learnt_category(self) -> None:
        """A category that the configuration does not name is tallied the same from its second row on."""
        left = PipelineOnFakes()
        left.reads(HEADER, *(bounce(n, "brand-new") for n in range(5)), bounce(9))
        assert left.pipeline.tally().ignored == {'policy.bounce."*" = "ignore"': 5}
        assert left.pipeline.tally().records == {"b": 6}
        assert left.spool.recipients == ["user9@example.com"]

    def test_unknown_categories_that_suppress(self) -> None:
        """Where every category that is not named suppresses, so does each row of one."""
        left = PipelineOnFakes(policy=Policy({"*": "suppress"}))
        left.reads(HEADER, *(bounce(n, "brand-new") for n in range(3)))
        assert len(left.spool.entries) == 3

    def test_endless_categories(self) -> None:
        """Rows of any number of invented categories are counted in bounded memory."""
        left = PipelineOnFakes()
        left.reads(HEADER, *(bounce(n, f"category-{n}") for n in range(1500)))
        assert left.pipeline.tally().ignored == {'policy.bounce."*" = "ignore"': 1500}

    def test_routed_to_no_provider(self) -> None:
        """A bounce that is routed to no provider is recorded all the same, and counted by its originator."""
        left = PipelineOnFakes(routes={"news": ["news@example.com"]})
        left.reads(HEADER, bounce(0, originator="other@example.com"), bounce(1))
        assert [entry.providers for entry in left.spool.entries] == [(), ("news",)]
        assert left.pipeline.tally().unwanted == {"other@example.com": 1}

    def test_endless_originators(self) -> None:
        """VERP senders are as many as mails: a hundred are named, the others counted together."""
        left = PipelineOnFakes(routes={"news": ["news@example.com"]})
        left.reads(HEADER, *(bounce(n, originator=f"verp-{n}@example.com") for n in range(150)))
        assert len(left.pipeline.tally().unwanted) == 101
        assert left.pipeline.tally().unwanted["(others)"] == 50

    def test_without_providers(self) -> None:
        """Where no provider is configured suppressions are recorded, and none counts as unrouted."""
        left = PipelineOnFakes(routes={})
        left.reads(HEADER, bounce())
        assert [entry.providers for entry in left.spool.entries] == [()]
        assert left.pipeline.tally().unwanted == {}

    def test_listed_addresses(self) -> None:
        """An address fed by hand is suppressed at every provider, whatever their originators, once a day."""
        left = PipelineOnFakes(routes={"news": ["news@example.com"], "crm": []})
        left.reads(b"email\nAnn@Example.com\nbob@example.com\nann@example.com\n")
        ann, bob, again = left.spool.entries
        assert ann == QueuedSuppression(
            Suppression(ann.suppression.id, "ann@example.com", "list", "a list fed by hand always suppresses"),
            ("news", "crm"),
        )
        assert again == ann
        assert bob.suppression.id != ann.suppression.id
        assert left.pipeline.tally().duplicates == 1

    def test_nothing_recognised(self) -> None:
        """Whether anything of the input was recognised is known at its end."""
        left = PipelineOnFakes()
        left.reads(b"what,is,this\n")
        assert left.pipeline.refusal.startswith("not one row of the input was recognised")
        left = PipelineOnFakes()
        left.reads(HEADER)
        assert left.pipeline.refusal == ""


class TestUnreadable:
    """Rows that can't be read are kept, counted and logged."""

    def test_kept_and_reported(self) -> None:
        """The row is kept as it came, counted by its reason, and logged with its line."""
        left = PipelineOnFakes()
        bad = bounce(1).rstrip() + b",one,more\n"
        left.reads(HEADER, bounce(0), bad, bounce(2))
        assert left.rejected.rows == [HEADER, bad]
        assert left.pipeline.tally().unreadable == {"too-many-cells": 1}
        assert left.log.named("unreadable") == [{"line": 3, "reason": "too-many-cells", "size": len(bad)}]
        assert left.spool.recipients == ["user0@example.com", "user2@example.com"]

    def test_not_each_of_thousands_is_reported(self) -> None:
        """A file full of rubbish is counted and kept whole, but does not fill the log."""
        left = PipelineOnFakes()
        left.reads(HEADER, *[b"rubbish,of,no,type\n"] * 2000)
        assert left.pipeline.tally().unreadable.total() == left.rejected.rows.count(b"rubbish,of,no,type\n") == 2000
        assert len(left.log.named("unreadable")) == 100

    def test_kept_before_the_rest_is_committed(self) -> None:
        """No row of the group is committed while the rejected file can't be written."""
        left = PipelineOnFakes()
        left.rejected.fails = DISK
        with pytest.raises(SpoolError):
            left.reads(HEADER, bounce(0), b"rubbish,of,no,type\n")
        assert left.spool.batches == []
        left.rejected.fails = None
        left.pipeline.commit()
        assert left.spool.recipients == ["user0@example.com"]
        assert left.rejected.rows == [HEADER, b"rubbish,of,no,type\n"]

    def test_kept_under_their_header(self) -> None:
        """Each row is kept under the header that held for it, which stands there once a group, and where it changes."""
        left = PipelineOnFakes()
        other = b"type,rcpt,orig,bounceCat,dsnStatus\n"
        bad = b"rubbish,of,no,type\n"
        left.pipeline.feed(bad + HEADER + bad + bad + HEADER + bad + other + bad)
        left.pipeline.commit()
        left.pipeline.feed(bad)
        left.pipeline.commit()
        assert left.rejected.rows == [bad, HEADER, bad, bad, bad, other, bad, other, bad]

    def test_missing_columns_are_reported(self) -> None:
        """A header without the columns that decisions rest on is logged once, with its remedy."""
        left = PipelineOnFakes()
        left.reads(b"type,rcpt\nb,ann@example.com\nb,bob@example.com\n")
        (event,) = left.log.named("columns_missing")
        assert event["line"] == 2
        assert "record-fields" in str(event["mend"])


class TestCommitGroups:
    """When a group is committed."""

    def test_full_group(self) -> None:
        """A group is committed when it is full although more input waits; the rest at the end."""
        left = PipelineOnFakes(batch_rows=10)
        left.pipeline.feed(HEADER)
        for n in range(25):
            left.pipeline.feed(bounce(n))
        assert [len(batch) for batch in left.spool.batches] == [10, 10]
        assert left.pipeline.is_waiting_to_commit
        left.pipeline.close()
        assert [len(batch) for batch in left.spool.batches] == [10, 10, 5]
        assert not left.pipeline.is_waiting_to_commit
        assert left.commits == 3

    def test_four_megabytes_fill_a_group(self) -> None:
        """A group is committed after so many bytes of input, however few rows it has."""
        left = PipelineOnFakes(batch_rows=1000)
        left.pipeline.feed(HEADER + bounce(0))
        left.pipeline.feed(bounce(1, "spam-related") * ((1 << 22) // len(bounce(1, "spam-related"))))
        assert left.spool.batches == [["user0@example.com"]]
        left.pipeline.feed(bounce(2))
        assert left.pipeline.is_waiting_to_commit

    def test_unreadable_rows_fill_a_group(self) -> None:
        """A stream of nothing but rubbish is kept in groups as well, not in memory."""
        left = PipelineOnFakes(batch_rows=10)
        left.pipeline.feed(HEADER + b"rubbish,of,no,type\n" * 10)
        assert left.rejected.rows == [HEADER, *[b"rubbish,of,no,type\n"] * 10]

    def test_nothing_to_commit(self) -> None:
        """Without anything new neither the spool nor the dispatcher is called."""
        left = PipelineOnFakes()
        left.reads(HEADER, bounce(0, "spam-related"))
        left.pipeline.commit()
        assert left.spool.batches == []
        assert left.commits == 0

    def test_failed_commit_loses_nothing(self) -> None:
        """Entries that the spool did not take still wait, and no commit is reported."""
        left = PipelineOnFakes()
        left.pipeline.feed(HEADER + bounce(0))
        left.spool.fails = DISK
        with pytest.raises(SpoolError):
            left.pipeline.commit()
        assert left.pipeline.is_waiting_to_commit
        assert left.commits == 0
        left.spool.fails = None
        left.pipeline.commit()
        assert left.spool.recipients == ["user0@example.com"]

    def test_duplicates(self) -> None:
        """Rows that were read before are counted as duplicates among the suppressed."""
        left = PipelineOnFakes()
        left.reads(HEADER, bounce(0), bounce(1), bounce(0))
        assert (left.pipeline.tally().suppressed, left.pipeline.tally().duplicates) == (3, 1)


class TestDebugLog:
    """`--debug` logs each row with its reason."""

    def test_each_row(self) -> None:
        """Every row is reported with its verdict and rule, also those that would only be tallied."""
        left = PipelineOnFakes(logs_rows=True)
        left.reads(HEADER, bounce(0), bounce(1, "spam-related"), bounce(2, "spam-related"), bounce(3, "quota-issues"))
        message = left.log.named("row")
        assert [event["verdict"] for event in message] == ["suppress", "ignore", "ignore", "count"]
        assert message[0] == {
            "recipient": "user0@example.com",
            "originator": "news@example.com",
            "category": "bad-mailbox",
            "status": "5.1.1",
            "verdict": "suppress",
            "rule": 'policy.bounce.bad-mailbox = "suppress"',
        }
        assert left.pipeline.tally().ignored.total() == 2
        assert left.pipeline.tally().counted.total() == 1

    def test_listed(self) -> None:
        """Listed addresses are reported as well."""
        left = PipelineOnFakes(logs_rows=True)
        left.reads(b"ann@example.com\n")
        (event,) = left.log.named("row")
        assert (event["recipient"], event["verdict"]) == ("ann@example.com", "suppress")

    def test_quiet_otherwise(self) -> None:
        """Rows are counted, not logged."""
        left = PipelineOnFakes()
        left.reads(HEADER, bounce(0), bounce(1, "spam-related"))
        assert left.log.events == []


def test_tally_can_be_taken_at_any_time() -> None:
    """The numbers of now don't change with what is read later, and taking them changes nothing."""
    left = PipelineOnFakes()
    left.pipeline.feed(HEADER + bounce(0, "spam-related") + bounce(1))
    first = left.pipeline.tally()
    left.pipeline.feed(bounce(2, "spam-related") + bounce(3) + b"d,x\n")
    left.pipeline.close()
    assert (first.records, first.suppressed, first.ignored.total(), first.rows) == ({"b": 2}, 1, 1, 2)
    last = left.pipeline.tally()
    assert last.records == {"b": 4, "d": 1}
    assert (last.suppressed, last.ignored.total(), last.rows, left.pipeline.rows) == (2, 2, 5, 5)


def test_a_list_hit_that_suppresses_is_not_forgotten() -> None:
    """With `suppression_list_hit = "suppress"` a hit suppresses, also after its category was ignored for other rows."""
    left = PipelineOnFakes(policy=Policy(suppression_list_hit="suppress"))
    hit = bounce(2, "spam-related").replace(b"smtp;550 no", b"smtp;550 recipient is in suppression list")
    left.reads(HEADER, bounce(1, "spam-related"), hit, bounce(3, "spam-related"))
    assert left.spool.recipients == ["user2@example.com"]


def test_a_row_without_end_is_kept_to_the_byte() -> None:
    """The pieces of a row that is too long are kept as they come, one behind the other, and none waits in memory."""
    left = PipelineOnFakes()
    pieces = [b"b," + b"x" * (1 << 24), b"y" * 1000, b"z" * 1000]
    for number, piece in enumerate(pieces, 1):
        left.pipeline.feed(piece)
        assert not left.pipeline.is_waiting_to_commit
        assert b"".join(left.rejected.rows) == b"".join(pieces[:number])
    left.pipeline.close()
    assert b"".join(left.rejected.rows) == b"".join(pieces) + b"\n"
    assert left.pipeline.tally().unreadable == {"too-long": 1}


class TestCounting:
    """Soft bounces and deliveries on their way to the spool."""

    def test_soft_bounce(self) -> None:
        """A soft bounce is counted with its threshold, for the providers that it is routed to."""
        left = PipelineOnFakes(routes={"news": ["news@example.com"], "shop": ["shop@example.com"]})
        left.reads(HEADER, bounce(1, "quota-issues"), bounce(2).replace(b"5.1.1", b"4.2.2"))
        first, second = left.spool.soft_bounces
        assert (first.suppression.recipient, first.providers) == ("user1@example.com", ("news",))
        assert (first.suppress_after, first.within) == (3, 21 * 86400.0)
        assert second.suppression.rule.startswith('policy.status."4.x.x"')
        assert (left.pipeline.tally().suppressed, left.pipeline.tally().ignored.total()) == (0, 0)

    def test_deliveries(self) -> None:
        """The latest delivery of each recipient is noted; a row without recipient or time is none."""
        left = PipelineOnFakes()
        row = b"d,2026-06-0%d 12:30:00+0000,,news@example.com,<%b>,success,2.0.0,,\n"
        left.reads(
            HEADER, row % (3, b"Ann@example.net"), row % (2, b"ann@example.net"), row % (1, b""), b"d,,,,x@y.de,,,,\n"
        )
        assert left.spool.deliveries == {"ann@example.net": 1_780_489_800}
        assert left.pipeline.tally().records == {"d": 4}

    def test_nothing_counts(self) -> None:
        """Deliveries are only counted as rows where no rule counts soft bounces."""
        left = PipelineOnFakes(policy=Policy(bounce={}, status={}))
        left.reads(HEADER, b"d,2026-06-03 12:30:00+0000,,news@example.com,ann@example.net,success,2.0.0,,\n")
        assert (left.spool.deliveries, left.pipeline.tally().records) == ({}, {"d": 1})

"""Contract of every spool: hourly counts and counters, and their bounds."""

from bouncehandler.spool import HourlyCount, MetricCounter, Spool
from tests.contract.spool.examples import DAY, NOW, at_time, done, put, suppression, take

HOUR = int(NOW // 3600)


def hourly_count(value: str = "", number: int = 1, *, hour: int = HOUR, dimension: str = "job") -> HourlyCount:
    """The count of the bounces of an hour."""
    return HourlyCount(hour, "bounce", "ignore", dimension if value else "", value, number)


def all_hourly_counts(spool: Spool) -> list[HourlyCount]:
    """All that the spool has."""
    return list(spool.hourly_counts(0, NOW + 10_000 * DAY))


def test_hourly_counts_add_up(spool: Spool) -> None:
    """Counts of the same hour, kind, verdict, dimension and value are one count with their sum."""
    spool.add_hourly_counts([hourly_count("may", 2), hourly_count(number=3)])
    spool.add_hourly_counts([hourly_count("may", 5), hourly_count("june", 1), hourly_count("may", 1, hour=HOUR + 1)])
    assert all_hourly_counts(spool) == [
        hourly_count(number=3), hourly_count("june", 1), hourly_count("may", 7), hourly_count("may", 1, hour=HOUR + 1),
    ]  # fmt: skip


def test_hourly_counts_are_read_by_their_hour(spool: Spool) -> None:
    """An hour belongs to a period when it begins in it; periods that follow one another share no hour."""
    spool.add_hourly_counts([hourly_count("may", hour=HOUR + at) for at in range(0, 100, 7)])
    first = [one.hour - HOUR for one in spool.hourly_counts(NOW, NOW + 42 * 3600)]
    second = [one.hour - HOUR for one in spool.hourly_counts(NOW + 42 * 3600, NOW + 98 * 3600 + 1)]
    assert first == [0, 7, 14, 21, 28, 35]
    assert second == [42, 49, 56, 63, 70, 77, 84, 91, 98]


def test_an_open_set_of_names_is_bounded(spool: Spool) -> None:
    """At most 200 names of an hour are kept, those with the most rows, in one go or in many; no row is lost."""
    for number in range(5):
        spool.add_hourly_counts([hourly_count(f"job {number} {n}", 1000 - n) for n in range(100)])
    spool.add_hourly_counts([hourly_count("job 0 0", 7)])
    found = {one.value: one.number for one in all_hourly_counts(spool)}
    assert len(found) == 201
    assert found["job 0 0"] == 1007
    assert sum(found.values()) == 5 * sum(range(901, 1001)) + 7


def test_the_most_frequent_names_are_kept(spool: Spool) -> None:
    """The most frequent of too many names at once keep their numbers."""
    spool.add_hourly_counts([hourly_count(f"job {n}", n + 1) for n in range(300)])
    found = {one.value: one.number for one in all_hourly_counts(spool)}
    assert found["(others)"] == sum(range(1, 101))
    assert found["job 299"] == 300


def test_each_hour_and_dimension_has_its_own_limit(spool: Spool) -> None:
    """Many job ids take the place of no mailbox provider, and of no other hour."""
    spool.add_hourly_counts([hourly_count(f"job {n}") for n in range(300)])
    spool.add_hourly_counts([hourly_count("gmail", dimension="mailbox_provider"), hourly_count("may", hour=HOUR + 1)])
    assert {one.value for one in all_hourly_counts(spool)} >= {"gmail", "may"}


def test_what_can_not_be_stored_is_still_counted(spool: Spool) -> None:
    """Bytes that no text holds, and names of any length, come from outside: they are cut, and counted."""
    spool.add_hourly_counts([hourly_count("\udcff\0" + "x" * 500)])
    (found,) = all_hourly_counts(spool)
    assert found.number == 1
    assert len(found.value) == 120


def test_old_hourly_counts_are_pruned(spool: Spool) -> None:
    """Hours that ended before the time are removed, in steps; the others stay."""
    spool.add_hourly_counts([hourly_count(f"job {n}", hour=HOUR + at) for at in range(12) for n in range(150)])
    rests = iter([False] * 4)
    assert at_time(spool, NOW + 10 * 3600).prune_hourly_counts(0, lambda: next(rests)) == 1500
    assert {one.hour for one in all_hourly_counts(spool)} == {HOUR + 10, HOUR + 11}


def test_pruning_can_be_stopped(spool: Spool) -> None:
    """Pruning ends between two steps when it is asked to stop."""
    spool.add_hourly_counts([hourly_count("may")])
    assert at_time(spool, NOW + DAY).prune_hourly_counts(0, lambda: True) == 0


def test_counters_only_grow(spool: Spool) -> None:
    """Counters of several processes add up; of a time the latest stays, whatever process comes last."""
    labels = (("type", "b"), ("verdict", "ignore"))
    spool.add_counters([MetricCounter("records", labels, 2), MetricCounter("last_record", (), NOW, is_latest=True)])
    spool.add_hourly_counts(
        [], [MetricCounter("records", labels, 3), MetricCounter("last_record", (), NOW - 9, is_latest=True)]
    )
    assert list(spool.counters()) == [MetricCounter("last_record", (), NOW), MetricCounter("records", labels, 5)]


def test_counters_come_with_a_settlement(spool: Spool) -> None:
    """Outcomes of calls are counted in the transaction that settles them."""
    put(spool, suppression())
    counted = MetricCounter("dispatches", (("provider", "news"), ("outcome", "unsubscribed")), 1)
    at_time(spool, NOW).settle([done(one) for one in take(spool)], counters=[counted])
    assert list(spool.counters()) == [counted]

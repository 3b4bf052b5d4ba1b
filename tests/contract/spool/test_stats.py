"""What every spool keeps in figures, and how it keeps them from growing without bound."""

from bouncehandler.spool import HourlyCount, MetricCounter, Spool
from tests.contract.spool.examples import DAY, NOW, at_time, done, put, suppression, take

HOUR = int(NOW // 3600)


def figure(value: str = "", number: int = 1, *, hour: int = HOUR, dimension: str = "job") -> HourlyCount:
    """So many bounces of an hour."""
    return HourlyCount(hour, "bounce", "ignore", dimension if value else "", value, number)


def everything(spool: Spool) -> list[HourlyCount]:
    """All figures."""
    return list(spool.hourly_counts(0, NOW + 10_000 * DAY))


def test_figures_add_up(spool: Spool) -> None:
    """What is added again to the same hour, kind, verdict, dimension and value is one figure with their sum."""
    spool.add_hourly_counts([figure("may", 2), figure(number=3)])
    spool.add_hourly_counts([figure("may", 5), figure("june", 1), figure("may", 1, hour=HOUR + 1)])
    assert everything(spool) == [
        figure(number=3), figure("june", 1), figure("may", 7), figure("may", 1, hour=HOUR + 1),
    ]  # fmt: skip


def test_figures_are_read_by_their_hour(spool: Spool) -> None:
    """An hour belongs to a period when it begins in it; periods that follow one another share no hour."""
    spool.add_hourly_counts([figure("may", hour=HOUR + at) for at in range(0, 100, 7)])
    first = [one.hour - HOUR for one in spool.hourly_counts(NOW, NOW + 42 * 3600)]
    second = [one.hour - HOUR for one in spool.hourly_counts(NOW + 42 * 3600, NOW + 98 * 3600 + 1)]
    assert first == [0, 7, 14, 21, 28, 35]
    assert second == [42, 49, 56, 63, 70, 77, 84, 91, 98]


def test_an_open_set_of_names_is_bounded(spool: Spool) -> None:
    """However many names come, in one go or in many, 200 of an hour are kept, those with the most; no row is lost."""
    for number in range(5):
        spool.add_hourly_counts([figure(f"job {number} {n}", 1000 - n) for n in range(100)])
    spool.add_hourly_counts([figure("job 0 0", 7)])
    found = {one.value: one.number for one in everything(spool)}
    assert len(found) == 201
    assert found["job 0 0"] == 1007
    assert sum(found.values()) == 5 * sum(range(901, 1001)) + 7


def test_the_most_frequent_names_are_kept(spool: Spool) -> None:
    """Of too many names at once, those with the greatest numbers keep theirs."""
    spool.add_hourly_counts([figure(f"job {n}", n + 1) for n in range(300)])
    found = {one.value: one.number for one in everything(spool)}
    assert found["(others)"] == sum(range(1, 101))
    assert found["job 299"] == 300


def test_each_hour_and_dimension_has_its_own_room(spool: Spool) -> None:
    """A campaign with ten thousand job ids takes no operator's place, and no other hour's."""
    spool.add_hourly_counts([figure(f"job {n}") for n in range(300)])
    spool.add_hourly_counts([figure("gmail", dimension="mailbox_provider"), figure("may", hour=HOUR + 1)])
    assert {one.value for one in everything(spool)} >= {"gmail", "may"}


def test_what_can_not_be_stored_is_still_counted(spool: Spool) -> None:
    """Bytes that no text holds, and names of any length, come from outside: they are cut, and counted."""
    spool.add_hourly_counts([figure("\udcff\0" + "x" * 500)])
    (found,) = everything(spool)
    assert found.number == 1
    assert len(found.value) == 120


def test_old_figures_are_forgotten(spool: Spool) -> None:
    """Hours that ended before the time are removed, in steps; the others stay."""
    spool.add_hourly_counts([figure(f"job {n}", hour=HOUR + at) for at in range(12) for n in range(150)])
    rests = iter([False] * 4)
    assert at_time(spool, NOW + 10 * 3600).prune_hourly_counts(0, lambda: next(rests)) == 1500
    assert {one.hour for one in everything(spool)} == {HOUR + 10, HOUR + 11}


def test_forgetting_can_be_broken_off(spool: Spool) -> None:
    """A process that is to stop does not forget on."""
    spool.add_hourly_counts([figure("may")])
    assert at_time(spool, NOW + DAY).prune_hourly_counts(0, lambda: True) == 0


def test_totals_only_grow(spool: Spool) -> None:
    """Counters of several processes add up; of a time the latest stays, whatever process comes last."""
    labels = (("type", "b"), ("verdict", "ignore"))
    spool.add_counters([MetricCounter("records", labels, 2), MetricCounter("last_record", (), NOW, is_latest=True)])
    spool.add_hourly_counts(
        [], [MetricCounter("records", labels, 3), MetricCounter("last_record", (), NOW - 9, is_latest=True)]
    )
    assert list(spool.counters()) == [MetricCounter("last_record", (), NOW), MetricCounter("records", labels, 5)]


def test_totals_come_with_a_settlement(spool: Spool) -> None:
    """What calls came to is counted in the transaction that settles them."""
    put(spool, suppression())
    counted = MetricCounter("dispatches", (("provider", "news"), ("outcome", "unsubscribed")), 1)
    at_time(spool, NOW).settle([done(one) for one in take(spool)], counters=[counted])
    assert list(spool.counters()) == [counted]

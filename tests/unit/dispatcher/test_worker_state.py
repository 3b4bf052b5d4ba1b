"""State of a worker: its phases, and the hints that a notification renews."""

import pytest

from bouncehandler.dispatcher.worker_state import WorkerState


@pytest.fixture
def state() -> WorkerState:
    """A worker that drains."""
    state = WorkerState()
    state.drain()
    return state


def test_a_serving_worker_is_never_done() -> None:
    """Without a drain or a stop an empty spool ends nothing."""
    state = WorkerState()
    state.found_nothing(state.begin_claim())
    state.set_drained(is_drained=True)
    assert not state.is_done
    assert not state.may_be_due


def test_an_empty_claim_ends_a_drain(state: WorkerState) -> None:
    """A claim that found nothing ends the drain, and a notification takes it up again."""
    state.found_nothing(state.begin_claim())
    assert (state.is_done, state.may_be_due) == (True, False)
    state.notify()
    assert (state.is_done, state.may_be_due, state.is_draining) == (False, True, True)


def test_a_notification_during_a_claim(state: WorkerState) -> None:
    """A dispatch that was enqueued while the spool was read is looked for before the drain ends."""
    mark = state.begin_claim()
    state.notify()
    state.found_nothing(mark)
    assert not state.is_done


def test_a_drain_can_end_without_a_claim(state: WorkerState) -> None:
    """A pause that is too long ends a drain, and one that is not carries it on."""
    state.set_drained(is_drained=True)
    assert state.is_done
    state.set_drained(is_drained=False)
    assert not state.is_done


def test_a_stop_is_final(state: WorkerState) -> None:
    """After a stop neither a drain nor a notification begins anything."""
    state.stop()
    state.drain()
    state.notify()
    state.set_drained(is_drained=False)
    assert (state.is_stopping, state.is_done, state.is_draining) == (True, True, False)


def test_only_a_drain_remembers_a_probe() -> None:
    """While serving, probes are repeated as often as the breaker allows; a drain makes one."""
    state = WorkerState()
    state.begin_probe(is_check=True)
    assert (state.is_probing, state.has_probed) == (True, False)
    state.drain()
    state.begin_probe(is_check=False)
    assert (state.is_probing, state.has_probed) == (False, True)

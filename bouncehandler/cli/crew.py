"""Builds the crew: an adapter, its client and a lane for every configured provider."""

import random
import time
from collections.abc import Callable

from bouncehandler import registry
from bouncehandler.dispatcher import Caller, Crew, HealthSettings, Lane, LaneSettings, Log, Schedule
from bouncehandler.settings.model import ProviderSection, Settings
from bouncehandler.spool import Spool


def build_crew(settings: Settings, spool: Spool, log: Log, on_failure: Callable[[], None]) -> Crew:
    """A crew with a lane for every configured provider, not started yet.

    Args:
        on_failure: called from a lane's thread that can't go on.

    Raises:
        ConfigurationError: a provider's type or settings are wrong.
    """
    crew = Crew(on_failure)
    for name, section in settings.providers.items():
        client = registry.client_for(name, section)
        caller = Caller(
            registry.build(name, section, client),
            client,
            Schedule(settings.dispatch.schedule, random.random),
            time.time,
            registry.secret_hider(name, section),
        )
        crew.add(
            Lane(
                name,
                caller,
                spool,
                log,
                _lane_settings(settings, section),
                clock=time.time,
                monotonic=time.monotonic,
                ended=crew.lane_ended,
                peers=crew,
            )
        )
    return crew


def _lane_settings(settings: Settings, section: ProviderSection) -> LaneSettings:
    dispatch = settings.dispatch
    return LaneSettings(
        concurrency=section.concurrency,
        rate=section.rate,
        repeat_after=dispatch.repeat_after,
        lease=dispatch.lease,
        health=HealthSettings(probe_every=dispatch.probe_every, patience=dispatch.patience),
    )

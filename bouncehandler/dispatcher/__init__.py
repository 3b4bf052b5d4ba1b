"""The right half: what the spool owes is claimed, called and settled; one lane a provider, so none delays another.

`lane` is the heart: a keeper thread claims and settles in groups, and the threads of `workers` call. `calls` makes one
call and turns what happened into a value; `schedule` says when to try again; `pace` keeps to the rate; `health` knows
whether the provider is held, suspected or paused; `journal` logs and counts; `crew` drives all lanes.
"""

from bouncehandler.dispatcher.calls import Answers, Caller
from bouncehandler.dispatcher.crew import Crew
from bouncehandler.dispatcher.health import HealthSettings
from bouncehandler.dispatcher.journal import LaneTally, Log
from bouncehandler.dispatcher.lane import Lane
from bouncehandler.dispatcher.lane_settings import LaneSettings
from bouncehandler.dispatcher.schedule import Schedule

__all__ = ["Answers", "Caller", "Crew", "HealthSettings", "Lane", "LaneSettings", "LaneTally", "Log", "Schedule"]

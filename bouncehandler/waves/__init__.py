"""Waves of hard bounces: who runs a mailbox, what diagnostics of one cause have in common, and what is not usual."""

from bouncehandler.waves.detector import SLOT, Tally, Usual, Wave, WaveSettings, usual, waves
from bouncehandler.waves.operators import Operators
from bouncehandler.waves.shapes import shape

__all__ = ["SLOT", "Operators", "Tally", "Usual", "Wave", "WaveSettings", "shape", "usual", "waves"]

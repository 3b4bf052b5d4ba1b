"""Spikes of hard bounces: who runs a mailbox, what diagnostics of one cause have in common, and what is not usual."""

from bouncehandler.spikes.detector import SLOT, Baseline, SlotCount, Spike, SpikeSettings, baseline, spikes
from bouncehandler.spikes.fingerprint import normalize_diagnostic
from bouncehandler.spikes.mailbox_providers import MailboxProviders

__all__ = [
    "SLOT",
    "Baseline",
    "MailboxProviders",
    "SlotCount",
    "Spike",
    "SpikeSettings",
    "baseline",
    "normalize_diagnostic",
    "spikes",
]

"""Spikes of hard bounces: mailbox providers, diagnostic fingerprints, baselines, and detection."""

from bouncehandler.spikes.detector import (
    SLOT_SECONDS,
    Baseline,
    SlotCount,
    Spike,
    SpikeSettings,
    build_baseline,
    find_spikes,
)
from bouncehandler.spikes.fingerprint import normalize_diagnostic
from bouncehandler.spikes.mailbox_providers import MailboxProviders

__all__ = [
    "SLOT_SECONDS",
    "Baseline",
    "MailboxProviders",
    "SlotCount",
    "Spike",
    "SpikeSettings",
    "build_baseline",
    "find_spikes",
    "normalize_diagnostic",
]

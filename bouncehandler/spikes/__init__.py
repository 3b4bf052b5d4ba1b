"""Spikes of hard bounces: mailbox providers, diagnostic fingerprints, baselines, and detection."""

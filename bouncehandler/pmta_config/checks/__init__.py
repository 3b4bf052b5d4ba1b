"""Checks of PowerMTA's configuration, one file a subject; each returns lint messages."""

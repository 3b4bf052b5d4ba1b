"""Fake list managers: real HTTP servers on loopback, with fields that make them fail."""

"""Metrics for Prometheus: the spool's counters and its current state.

`exposition` builds the registry and its text, and writes them for node_exporter; `listener` serves them over HTTP.
"""

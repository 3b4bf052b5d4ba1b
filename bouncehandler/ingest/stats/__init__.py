"""Hourly counts and counters of records, for reports and metrics."""

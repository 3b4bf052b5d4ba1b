"""Benchmarks: each figure is measured against a yardstick of the same run, and printed next to its bar."""

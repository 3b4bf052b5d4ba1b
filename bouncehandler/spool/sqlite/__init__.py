"""The embedded spool: one SQLite file. Nothing outside this package knows SQLite."""

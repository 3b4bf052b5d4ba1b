"""Checks of `bouncehandler check`: each module proves one thing, and yields a `CheckResult` for each result."""

"""The rooms of `bouncehandler check`: each proves one thing, and yields a `CheckResult` for whatever it comes upon."""

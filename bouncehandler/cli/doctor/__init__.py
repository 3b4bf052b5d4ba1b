"""The rooms of `bouncehandler check`: each proves one thing, and yields a `Finding` for whatever it comes upon."""

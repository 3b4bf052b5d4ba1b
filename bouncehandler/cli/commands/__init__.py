"""One file a command, called after it."""

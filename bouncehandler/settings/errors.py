"""Error that a wrong configuration raises."""


class ConfigurationError(Exception):
    """Configuration error for the operator to mend; the text has one problem a line, and holds no secret."""

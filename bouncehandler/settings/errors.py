"""Error that a wrong configuration raises."""


class ConfigurationError(Exception):
    """A configuration that the operator has to mend; the text has one problem a line, and holds no secret."""

"""Generated traffic of realistic shape, and what is held of it."""

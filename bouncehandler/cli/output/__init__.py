"""Tables, summaries and progress for a terminal; machine formats."""

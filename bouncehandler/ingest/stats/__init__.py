"""Statistics of what was read, by hour and dimension, column by column."""

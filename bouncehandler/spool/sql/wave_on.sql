-- The waves that are on, or may go on.
SELECT operator, shape, last_slot FROM wave WHERE last_slot >= :slot - :reach

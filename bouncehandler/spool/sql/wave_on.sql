-- The operators of waves that are on, or may go on.
SELECT DISTINCT operator FROM wave WHERE last_slot >= :slot - :reach

-- The latest wave of this kind that a slot can belong to.
SELECT id, since_slot, last_slot, verdict FROM wave INDEXED BY wave_of
WHERE operator = :operator AND shape = :shape AND :slot BETWEEN since_slot - :reach AND last_slot + :reach
ORDER BY id DESC
LIMIT 1

-- Those that hold something, or were noticed since then, oldest first.
SELECT w.id, w.operator, w.shape, w.since_slot, w.last_slot, w.opened_at, w.told_at, w.bounces, w.expected, w.example,
    w.verdict,
    (SELECT count(DISTINCT d.suppression) FROM dispatch AS d INDEXED BY dispatch_of_wave WHERE d.wave = w.id AND d.state = 'held')
FROM wave AS w
WHERE w.id = coalesce(:wave, w.id) AND w.operator = coalesce(:operator, w.operator)
ORDER BY w.id

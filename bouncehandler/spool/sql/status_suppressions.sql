-- Numbers are given without gaps and no row is ever deleted, so the last one is the count.
SELECT id, recorded_at FROM suppression ORDER BY id DESC LIMIT 1

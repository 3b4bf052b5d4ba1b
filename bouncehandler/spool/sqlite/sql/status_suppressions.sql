-- Numbers are given without gaps, so the last one, without those that were pruned, is the count.
SELECT id, recorded_at FROM suppression ORDER BY id DESC LIMIT 1

-- Where the next step ends, and how many up to there are old; one from the future was written before the clock was set back.
SELECT max(id), sum(recorded_at < :before OR recorded_at > :now)
FROM (SELECT id, recorded_at FROM suppression WHERE id > :after ORDER BY id LIMIT :most)

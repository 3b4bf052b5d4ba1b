-- As prune_window.sql, over the dispatches that have attempts: those whose attempts are gone cost nothing.
SELECT max(d.id), sum(d.recorded_at < :before OR d.recorded_at > :now)
FROM (SELECT DISTINCT dispatch FROM attempt WHERE dispatch > :after ORDER BY dispatch LIMIT :most) AS called
CROSS JOIN dispatch AS d ON d.id = called.dispatch

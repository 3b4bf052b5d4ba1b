-- What counts against a recipient on these days: bounces since the latest delivery that are not spent.
WITH RECURSIVE days (day) AS (
    SELECT min(day) FROM soft_bounce WHERE day >= :first
    UNION ALL
    SELECT (SELECT min(b.day) FROM soft_bounce AS b WHERE b.day > days.day) FROM days WHERE days.day < :last
)
SELECT
    s.day, s.at, s.record, s.suppress_after, s.within, s.rule, s.record_type, s.category, s.status, s.diagnostic,
    s.originator, s.job_id, s.wanted_by
FROM days
CROSS JOIN soft_bounce AS s ON s.day = days.day AND s.recipient = :recipient
WHERE days.day <= :last AND s.spent IS NULL
    AND s.at > coalesce((SELECT d.at FROM delivery AS d WHERE d.recipient = :recipient), s.at - 1)
ORDER BY s.day

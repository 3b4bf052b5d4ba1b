-- Who may have enough: as many bounces in these days as any of them asks for. Day by day, each in the order of its index.
WITH RECURSIVE days (day) AS (
    SELECT min(day) FROM soft_bounce WHERE day >= :first
    UNION ALL
    SELECT (SELECT min(b.day) FROM soft_bounce AS b WHERE b.day > days.day) FROM days WHERE days.day < :last
),
asked (recipient) AS MATERIALIZED (SELECT value FROM json_each(:recipients))
SELECT s.recipient
FROM days
CROSS JOIN asked
CROSS JOIN soft_bounce AS s ON s.day = days.day AND s.recipient = asked.recipient
WHERE days.day <= :last AND s.spent IS NULL
GROUP BY s.recipient
HAVING count(*) >= min(s.suppress_after)

-- soft_bounce_widen --
-- Note the longest window, so that no bounce is looked for beyond it.
UPDATE soft_bounce_window SET within = :within WHERE within < :within

-- soft_bounce_insert --
-- A soft bounce. Of several on a day the latest stands for all, in whatever order they come.
INSERT INTO soft_bounce (
    day, recipient, occurred_at, record, suppress_after, within, rule, record_type, category, status, diagnostic, originator,
    job_id, routed_to, recorded_at
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (day, recipient) DO UPDATE SET
    occurred_at = excluded.occurred_at, record = excluded.record, suppress_after = excluded.suppress_after,
    within = excluded.within, rule = excluded.rule, record_type = excluded.record_type, category = excluded.category,
    status = excluded.status,
    diagnostic = excluded.diagnostic, originator = excluded.originator, job_id = excluded.job_id,
    routed_to = excluded.routed_to, recorded_at = excluded.recorded_at
WHERE (excluded.occurred_at, excluded.record) > (occurred_at, record)

-- soft_bounce_window --
-- The longest window of any bounce so far.
SELECT within FROM soft_bounce_window

-- soft_bounce_candidates --
-- Recipients that may have enough: as many bounces in these days as any of them asks for. Day by day, each in the order of
-- its index.
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
WHERE days.day <= :last AND s.counted_in IS NULL
GROUP BY s.recipient
HAVING count(*) >= min(s.suppress_after)

-- soft_bounces_of --
-- The bounces that count against a recipient on these days: since the latest delivery, and counted in no suppression yet.
WITH RECURSIVE days (day) AS (
    SELECT min(day) FROM soft_bounce WHERE day >= :first
    UNION ALL
    SELECT (SELECT min(b.day) FROM soft_bounce AS b WHERE b.day > days.day) FROM days WHERE days.day < :last
)
SELECT
    s.day, s.occurred_at, s.record, s.suppress_after, s.within, s.rule, s.record_type, s.category, s.status, s.diagnostic,
    s.originator, s.job_id, s.routed_to
FROM days
CROSS JOIN soft_bounce AS s ON s.day = days.day AND s.recipient = :recipient
WHERE days.day <= :last AND s.counted_in IS NULL
    AND s.occurred_at > coalesce(
        (SELECT d.delivered_at FROM delivery AS d WHERE d.recipient = :recipient), s.occurred_at - 1
    )
ORDER BY s.day

-- soft_bounce_count_in --
-- Mark a bounce as counted in a suppression: it counts in no other.
UPDATE soft_bounce SET counted_in = :counted_in WHERE day = :day AND recipient = :recipient

-- delivery_insert --
-- The latest delivery to a recipient.
INSERT INTO delivery (recipient, delivered_at, recorded_at) VALUES (:recipient, :delivered_at, :now)
ON CONFLICT (recipient) DO UPDATE SET delivered_at = excluded.delivered_at, recorded_at = excluded.recorded_at
WHERE excluded.delivered_at > delivered_at

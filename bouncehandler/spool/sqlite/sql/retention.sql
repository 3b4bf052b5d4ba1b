-- prune_window --
-- The end of the next step, and how many rows up to there are old; one of the future is from before
-- the clock was set back.
SELECT max(id), sum(recorded_at < :before OR recorded_at > :now)
FROM (SELECT id, recorded_at FROM suppression WHERE id > :after ORDER BY id LIMIT :limit)

-- prune_found --
-- Suppressions to remove. The newest suppression stays, so that its id is not given again. A complaint or a request stays
-- while there is another suppression of the same subject, younger than it may become, whose undoing would put it back.
SELECT s.id
FROM (
    SELECT id, recipient, reason, recorded_at, CASE reason
        WHEN 'bounce' THEN :bounce WHEN 'complaint' THEN :complaint WHEN 'unsubscribe' THEN :unsubscribe
        WHEN 'list' THEN :list ELSE :other
    END AS before
    FROM suppression
    WHERE id > :after AND id <= :through AND id < (SELECT max(id) FROM suppression)
) AS s
WHERE s.recorded_at < s.before
    AND NOT EXISTS (
        SELECT 1 FROM dispatch AS d INDEXED BY dispatch_of_suppression
        WHERE d.suppression = s.id AND (d.state <> 'done' OR d.settled_at >= s.before)
    )
    AND NOT (s.reason IN ('complaint', 'unsubscribe') AND EXISTS (
        SELECT 1
        FROM id_bucket
        CROSS JOIN suppression AS o INDEXED BY suppression_subject
            ON o.id / 8192 = id_bucket.number AND o.recipient = s.recipient
        WHERE o.reason NOT IN ('complaint', 'unsubscribe') AND o.undone_at IS NULL
            AND coalesce(
                o.recorded_at >= CASE o.reason WHEN 'bounce' THEN :bounce WHEN 'list' THEN :list ELSE :other END, 1
            )
    ))

-- prune_suppression_attempts --
-- The attempts of removed suppressions.
DELETE FROM attempt WHERE dispatch IN (
    SELECT d.id
    FROM json_each(:found) AS found
    CROSS JOIN dispatch AS d INDEXED BY dispatch_of_suppression ON d.suppression = found.value
)

-- prune_dispatches --
-- Their dispatches.
DELETE FROM dispatch INDEXED BY dispatch_of_suppression WHERE suppression IN (SELECT value FROM json_each(:found))

-- prune_events --
-- Their events.
DELETE FROM event WHERE suppression IN (SELECT value FROM json_each(:found))

-- prune_suppressions --
-- The suppressions themselves, last.
DELETE FROM suppression WHERE id IN (SELECT value FROM json_each(:found))

-- prune_attempts_window --
-- As prune_window, over the dispatches that have attempts: the others cost nothing.
SELECT max(d.id), sum(d.recorded_at < :before OR d.recorded_at > :now)
FROM (SELECT DISTINCT dispatch FROM attempt WHERE dispatch > :after ORDER BY dispatch LIMIT :limit) AS called
CROSS JOIN dispatch AS d ON d.id = called.dispatch

-- prune_attempts_found --
-- Where any dispatch of the same suppression is not done, or was done since, its attempts stay, too.
SELECT d.id
FROM (SELECT DISTINCT dispatch FROM attempt WHERE dispatch > :after AND dispatch <= :through) AS called
CROSS JOIN dispatch AS d ON d.id = called.dispatch
WHERE d.state = 'done' AND d.settled_at < :before
    AND NOT EXISTS (
        SELECT 1 FROM dispatch AS o INDEXED BY dispatch_of_suppression
        WHERE o.suppression = d.suppression AND (o.state <> 'done' OR o.settled_at >= :before)
    )

-- prune_attempts --
-- The attempts alone; the dispatches stay.
DELETE FROM attempt WHERE dispatch IN (SELECT value FROM json_each(:found))

-- prune_soft_bounces --
-- The oldest soft bounces.
DELETE FROM soft_bounce WHERE id IN (
    SELECT id FROM soft_bounce INDEXED BY soft_bounce_recorded WHERE recorded_at < :before ORDER BY recorded_at LIMIT :limit
)

-- prune_deliveries --
-- The oldest deliveries.
DELETE FROM delivery WHERE recipient IN (
    SELECT recipient FROM delivery INDEXED BY delivery_recorded WHERE recorded_at < :before ORDER BY recorded_at LIMIT :limit
)

-- prune_hard_bounces --
-- Counts too old for any baseline, reckoned from the newest, which may be of an archive; and after two days small
-- ones, of mailbox providers that are a domain of their own, of which there are very many.
DELETE FROM hard_bounce WHERE (mailbox_provider, slot, fingerprint) IN (
    SELECT mailbox_provider, slot, fingerprint
    FROM hard_bounce INDEXED BY hard_bounce_slot, (SELECT max(slot) AS newest FROM hard_bounce)
    WHERE slot < newest - :keep OR (slot < newest - :keep_small AND bounces < :small AND instr(mailbox_provider, '.') > 0)
    LIMIT :limit
)

-- prune_hourly_counts --
-- The oldest hourly counts.
DELETE FROM hourly_count WHERE (hour, kind, verdict, dimension, value) IN (
    SELECT hour, kind, verdict, dimension, value FROM hourly_count WHERE hour < :before LIMIT :limit
)

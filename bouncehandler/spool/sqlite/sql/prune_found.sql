-- The newest stays, so that its number is not given again. A person's own word stays while there is another suppression of
-- theirs, younger than it may become, whose undoing would put them back.
SELECT s.id
FROM (
    SELECT id, recipient, reason, recorded_at, CASE reason
        WHEN 'bounce' THEN :bounce WHEN 'complaint' THEN :complaint WHEN 'unsubscribe' THEN :unsubscribe
        WHEN 'list' THEN :list ELSE :other
    END AS before
    FROM suppression
    WHERE id > :after AND id <= :upto AND id < (SELECT max(id) FROM suppression)
) AS s
WHERE s.recorded_at < s.before
    AND NOT EXISTS (
        SELECT 1 FROM dispatch AS d INDEXED BY dispatch_owed
        WHERE d.suppression = s.id AND (d.state <> 'done' OR d.settled_at >= s.before)
    )
    AND NOT (s.reason IN ('complaint', 'unsubscribe') AND EXISTS (
        SELECT 1
        FROM shelf
        CROSS JOIN suppression AS o INDEXED BY suppression_person
            ON o.id / 8192 = shelf.number AND o.recipient = s.recipient
        WHERE o.reason NOT IN ('complaint', 'unsubscribe') AND o.undone_at IS NULL
            AND coalesce(
                o.recorded_at >= CASE o.reason WHEN 'bounce' THEN :bounce WHEN 'list' THEN :list ELSE :other END, 1
            )
    ))

-- Whether this recipient was dealt with at this provider lately; what lies as far ahead is no less wrong than long ago.
SELECT EXISTS (
    SELECT 1
    FROM json_each(:days) AS day
    CROSS JOIN dispatch AS d INDEXED BY dispatch_carried_out
        ON d.provider = :provider AND CAST(d.settled_at / 86400 AS INTEGER) = day.value AND d.person = :person
    CROSS JOIN suppression AS s ON s.id = d.suppression
    WHERE d.state = 'done' AND d.outcome IN ('unsubscribed', 'already')
        AND d.settled_at > :since AND d.settled_at < :ahead
        AND s.recipient = :recipient AND (:job_id IS NULL OR s.job_id = :job_id)
)

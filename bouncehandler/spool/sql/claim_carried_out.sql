-- Whether this recipient was dealt with at this provider lately; what lies as far ahead is no less wrong than long ago.
SELECT EXISTS (
    SELECT 1
    FROM suppression AS s INDEXED BY suppression_recipient
    CROSS JOIN dispatch AS d INDEXED BY dispatch_owed ON d.suppression = s.id AND d.provider = :provider
    WHERE s.recipient = :recipient AND (:job_id IS NULL OR s.job_id = :job_id)
        AND d.state = 'done' AND d.outcome IN ('unsubscribed', 'already')
        AND d.settled_at > :since AND d.settled_at < :now + (:now - :since)
)

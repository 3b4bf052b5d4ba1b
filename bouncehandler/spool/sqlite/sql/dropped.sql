SELECT d.id, d.provider, d.attempts, d.settled_at,
    coalesce((SELECT a.answer FROM attempt AS a WHERE a.dispatch = d.id ORDER BY a.number DESC LIMIT 1), ''),
    coalesce(d.note, ''),
    s.record, s.recipient, s.reason, s.rule, s.record_type, s.category, s.status, s.diagnostic, s.originator, s.job_id,
    s.occurred_at, s.subscriber
FROM dispatch AS d INDEXED BY dispatch_dropped
CROSS JOIN suppression AS s ON s.id = d.suppression
WHERE d.outcome = 'dropped' AND d.id > :after AND d.id <= :upto
    AND (:provider IS NULL OR d.provider = :provider)
    AND (:recipient IS NULL OR s.recipient = :recipient)
    AND (:domain IS NULL OR substr(s.recipient, -length(:domain) - 1) = '@' || lower(:domain))
    AND (:reason IS NULL OR s.reason = :reason)
    AND (:since IS NULL OR coalesce(s.occurred_at, s.recorded_at) >= :since)
    AND (:until IS NULL OR coalesce(s.occurred_at, s.recorded_at) < :until)
    AND (:died_since IS NULL OR d.settled_at >= :died_since)
    AND (:died_until IS NULL OR d.settled_at < :died_until)
ORDER BY d.id

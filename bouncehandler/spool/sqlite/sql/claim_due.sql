-- CROSS JOIN keeps the order of the tables, so that the queue's index gives both the rows and their order.
SELECT d.id, d.attempts, d.step, d.due_at, d.recorded_at,
    s.record, s.recipient, s.reason, s.rule, s.record_type, s.category, s.status, s.diagnostic, s.originator, s.job_id,
    s.occurred_at, s.subscriber,
    CASE d.undoing WHEN 1 THEN coalesce(d.lists, '[]') END
FROM dispatch AS d INDEXED BY dispatch_waiting
CROSS JOIN suppression AS s ON s.id = d.suppression
WHERE d.provider = :provider AND d.state IN ('pending', 'claimed') AND d.due_at <= :now
ORDER BY d.due_at, d.id
LIMIT :most

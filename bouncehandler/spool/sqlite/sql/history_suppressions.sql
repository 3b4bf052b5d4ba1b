-- Of a person, and of the ids that their address was learned from, which have the same record.
SELECT
    s.id, s.record, s.recipient, s.reason, s.rule, s.record_type, s.category, s.status, s.diagnostic, s.originator,
    s.job_id, s.occurred_at, s.subscriber, s.wanted_by, s.recorded_at
FROM shelf
CROSS JOIN suppression AS s INDEXED BY suppression_person ON s.id / 8192 = shelf.number AND s.recipient = :person
ORDER BY s.id
LIMIT :most

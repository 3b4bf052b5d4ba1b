SELECT
    s.id, s.record, s.recipient, s.reason, s.rule, s.record_type, s.category, s.status, s.diagnostic, s.originator,
    s.job_id, s.occurred_at, s.subscriber, s.wanted_by, s.recorded_at
FROM suppression AS s INDEXED BY suppression_record
WHERE s.record = :record AND s.recipient = :name

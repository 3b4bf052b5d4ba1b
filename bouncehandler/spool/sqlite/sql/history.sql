-- history_suppressions --
-- The suppressions of a subject.
SELECT s.id, s.routed_to, s.recorded_at, coalesce(s.occurred_at, s.recorded_at), s.record, s.recipient, s.reason, s.rule,
    s.record_type, s.category, s.status, s.diagnostic, s.originator, s.job_id, s.occurred_at, s.subscriber
FROM id_bucket
CROSS JOIN suppression AS s INDEXED BY suppression_subject ON s.id / 8192 = id_bucket.number AND s.recipient = :subject
ORDER BY s.id
LIMIT :limit

-- history_same_record --
-- The suppression of the ids that an address was learned from: it has the same record.
SELECT s.id, s.routed_to, s.recorded_at, coalesce(s.occurred_at, s.recorded_at), s.record, s.recipient, s.reason, s.rule,
    s.record_type, s.category, s.status, s.diagnostic, s.originator, s.job_id, s.occurred_at, s.subscriber
FROM suppression AS s INDEXED BY suppression_record
WHERE s.record = :record AND s.recipient = :name

-- history_events --
-- Events of a suppression.
SELECT at, event, provider, asked_by, detail FROM event WHERE suppression = :suppression ORDER BY id

-- history_dispatches --
-- Its dispatches.
SELECT d.id, d.provider, d.state, d.due_at, d.attempts, d.outcome, d.lists, d.note, d.settled_at
FROM dispatch AS d INDEXED BY dispatch_of_suppression
WHERE d.suppression = :suppression
ORDER BY d.provider

-- history_attempts --
-- The calls for a dispatch.
SELECT started_at, seconds, result, answer FROM attempt WHERE dispatch = :dispatch ORDER BY number

-- history_soft_bounces --
-- A recipient's soft bounces, looked up day by day.
SELECT s.occurred_at, s.rule, s.category, s.status, s.diagnostic, s.originator, s.counted_in
FROM soft_bounce_day AS d
CROSS JOIN soft_bounce AS s ON s.day = d.day AND s.recipient = :subject
ORDER BY s.day

-- history_delivery --
-- The latest delivery to a recipient.
SELECT delivered_at FROM delivery WHERE recipient = :subject

-- The address that ids stood for, as a suppression of its own with the same evidence.
INSERT OR IGNORE INTO suppression (
    record, recipient, reason, rule, record_type, category, status, diagnostic, originator, job_id,
    occurred_at, subscriber, wanted_by, recorded_at
)
SELECT
    s.record, :recipient, s.reason, s.rule, s.record_type, s.category, s.status, s.diagnostic, s.originator, s.job_id,
    s.occurred_at, s.subscriber, s.wanted_by, :now
FROM dispatch AS d
CROSS JOIN suppression AS s ON s.id = d.suppression
WHERE d.id = :id

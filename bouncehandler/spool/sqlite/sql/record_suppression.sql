INSERT OR IGNORE INTO suppression (
    record, recipient, reason, rule, record_type, category, status, diagnostic, originator, job_id,
    occurred_at, subscriber, wanted_by, recorded_at, kind
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- Of several bounces on a day the latest stands for all, in whatever order they come.
INSERT INTO soft_bounce (
    day, recipient, at, record, suppress_after, within, rule, record_type, category, status, diagnostic, originator,
    job_id, wanted_by, seen_at
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (day, recipient) DO UPDATE SET
    at = excluded.at, record = excluded.record, suppress_after = excluded.suppress_after, within = excluded.within,
    rule = excluded.rule, record_type = excluded.record_type, category = excluded.category, status = excluded.status,
    diagnostic = excluded.diagnostic, originator = excluded.originator, job_id = excluded.job_id,
    wanted_by = excluded.wanted_by, seen_at = excluded.seen_at
WHERE (excluded.at, excluded.record) > (at, record)

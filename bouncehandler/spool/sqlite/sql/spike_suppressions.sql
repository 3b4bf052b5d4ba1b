SELECT record, recipient, reason, rule, record_type, category, status, diagnostic, originator, job_id, occurred_at,
    subscriber
FROM suppression
WHERE id IN (SELECT value FROM json_each(:found))
ORDER BY id

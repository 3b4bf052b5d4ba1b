-- What counts against a recipient: bounces since the latest delivery that are not spent.
SELECT
    day, at, record, suppress_after, within, rule, record_type, category, status, diagnostic, originator, job_id, wanted_by
FROM soft_bounce
WHERE recipient = :recipient AND spent IS NULL
    AND at > coalesce((SELECT at FROM delivery WHERE recipient = :recipient), at - 1)
ORDER BY day

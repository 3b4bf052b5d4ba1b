SELECT record, recipient, reason, rule, record_type, category, status, diagnostic, originator, job_id, occurred_at,
    subscriber, id
FROM shelf
CROSS JOIN suppression AS s INDEXED BY suppression_person ON s.id / 8192 = shelf.number AND s.recipient = :recipient
WHERE id > :after
    AND (:domain IS NULL OR substr(recipient, -length(:domain) - 1) = '@' || lower(:domain))
    AND (:reason IS NULL OR reason = :reason)
    AND (:category IS NULL OR category = :category)
    AND (:match IS NULL OR instr(lower(diagnostic), lower(:match)) > 0)
    AND (:is_undone IS NULL OR (undone_at IS NOT NULL) = :is_undone)
    AND (:since IS NULL OR coalesce(occurred_at, recorded_at) >= :since)
    AND (:until IS NULL OR coalesce(occurred_at, recorded_at) < :until)
ORDER BY id
LIMIT :most

-- Everything of one person, and what of it is selected.
SELECT id, reason, category, coalesce(occurred_at, recorded_at), undone_at IS NOT NULL,
    (:domain IS NULL OR substr(recipient, -length(:domain) - 1) = '@' || lower(:domain))
    AND (:reason IS NULL OR reason = :reason)
    AND (:category IS NULL OR category = :category)
    AND (:match IS NULL OR instr(lower(diagnostic), lower(:match)) > 0)
    AND (:since IS NULL OR coalesce(occurred_at, recorded_at) >= :since)
    AND (:until IS NULL OR coalesce(occurred_at, recorded_at) < :until)
FROM shelf
CROSS JOIN suppression AS s INDEXED BY suppression_person ON s.id / 8192 = shelf.number AND s.recipient = :person
ORDER BY id

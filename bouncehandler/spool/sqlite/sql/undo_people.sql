-- One window of numbers, as in suppressions.sql; a person once.
SELECT DISTINCT recipient
FROM suppression
WHERE id > :after AND id <= :upto
    AND (:recipient IS NULL OR recipient = :recipient)
    AND (:domain IS NULL OR substr(recipient, -length(:domain) - 1) = '@' || lower(:domain))
    AND (:reason IS NULL OR reason = :reason)
    AND (:category IS NULL OR category = :category)
    AND (:match IS NULL OR instr(lower(diagnostic), lower(:match)) > 0)
    AND (:since IS NULL OR coalesce(occurred_at, recorded_at) >= :since)
    AND (:until IS NULL OR coalesce(occurred_at, recorded_at) < :until)

-- A page of what one spike holds: suppressions once each, in the order of recording.
SELECT DISTINCT d.suppression
FROM dispatch AS d INDEXED BY dispatch_of_wave
CROSS JOIN suppression AS s ON s.id = d.suppression
WHERE d.spike = :spike AND d.state = 'held' AND d.suppression > :after
    AND (:recipient IS NULL OR s.recipient = :recipient)
    AND (:domain IS NULL OR substr(s.recipient, -length(:domain) - 1) = '@' || lower(:domain))
    AND (:match IS NULL OR instr(lower(s.diagnostic), lower(:match)) > 0)
    AND (:since IS NULL OR coalesce(s.occurred_at, s.recorded_at) >= :since)
    AND (:until IS NULL OR coalesce(s.occurred_at, s.recorded_at) < :until)
ORDER BY d.suppression
LIMIT :most

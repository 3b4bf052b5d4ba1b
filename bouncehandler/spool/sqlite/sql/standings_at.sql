-- Likewise, of records whose ids begin alike, which are of the same second.
SELECT s.record, s.reason, s.diagnostic, s.occurred_at,
    EXISTS (SELECT 1 FROM dispatch AS d INDEXED BY dispatch_owed WHERE d.suppression = s.id AND d.state = 'held')
FROM suppression AS s INDEXED BY suppression_record
WHERE s.record >= :moment AND s.record < :moment || 'g' AND s.recipient = :person AND s.undone_at IS NULL
ORDER BY s.id DESC

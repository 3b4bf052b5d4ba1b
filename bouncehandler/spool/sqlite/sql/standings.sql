-- A person's suppressions that were not undone, and whether any of each is held, newest first.
SELECT s.record, s.reason, s.diagnostic, s.occurred_at,
    EXISTS (SELECT 1 FROM dispatch AS d INDEXED BY dispatch_owed WHERE d.suppression = s.id AND d.state = 'held')
FROM shelf
CROSS JOIN suppression AS s INDEXED BY suppression_person ON s.id / 8192 = shelf.number AND s.recipient = :person
WHERE s.undone_at IS NULL
ORDER BY s.id DESC
LIMIT :most

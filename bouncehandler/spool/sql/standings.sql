-- A person's suppressions that were not undone, and whether any of each is held, newest first.
SELECT s.record, s.reason, s.diagnostic, s.occurred_at,
    EXISTS (SELECT 1 FROM dispatch AS d INDEXED BY dispatch_owed WHERE d.suppression = s.id AND d.state = 'held')
FROM suppression AS s INDEXED BY suppression_recipient
WHERE s.recipient = :person AND s.undone_at IS NULL
ORDER BY s.id DESC
LIMIT :most

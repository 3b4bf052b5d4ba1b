-- One suppression of a person, if it was not undone, and whether any of it is held.
SELECT s.record, s.reason, s.diagnostic, s.occurred_at,
    EXISTS (SELECT 1 FROM dispatch AS d INDEXED BY dispatch_owed WHERE d.suppression = s.id AND d.state = 'held')
FROM suppression AS s INDEXED BY suppression_record
WHERE s.record = :record AND s.recipient = :person AND s.undone_at IS NULL

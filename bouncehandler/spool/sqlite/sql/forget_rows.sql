-- A person's suppressions, and whether anything is still to be done for each, for which the address is needed.
SELECT s.id, s.record, s.subscriber, EXISTS (
    SELECT 1 FROM dispatch AS d INDEXED BY dispatch_owed WHERE d.suppression = s.id AND d.state <> 'done'
)
FROM shelf
CROSS JOIN suppression AS s INDEXED BY suppression_person ON s.id / 8192 = shelf.number AND s.recipient = :person

-- What was made of one person's suppressions at each provider.
SELECT d.id, d.suppression, d.provider, d.state, d.undoing, d.outcome, d.lists, d.attempts
FROM shelf
CROSS JOIN suppression AS s INDEXED BY suppression_person ON s.id / 8192 = shelf.number AND s.recipient = :person
CROSS JOIN dispatch AS d INDEXED BY dispatch_owed ON d.suppression = s.id
ORDER BY d.provider, d.id

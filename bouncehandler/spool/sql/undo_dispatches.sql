-- What was made of one person's suppressions at each provider.
SELECT d.id, d.suppression, d.provider, d.state, d.undoing, d.outcome, d.lists, d.attempts
FROM suppression AS s INDEXED BY suppression_recipient
CROSS JOIN dispatch AS d INDEXED BY dispatch_owed ON d.suppression = s.id
WHERE s.recipient = :person
ORDER BY d.provider, d.id

-- A provider that was added since wants it: on hold, where it is on hold for the others.
INSERT OR IGNORE INTO dispatch (suppression, provider, state, due_at, recorded_at, spike)
SELECT s.id, :provider, CASE WHEN held.spike IS NULL THEN 'pending' ELSE 'held' END, :now, :now, held.spike
FROM suppression AS s INDEXED BY suppression_record
LEFT JOIN dispatch AS held ON held.id = (
    SELECT min(d.id) FROM dispatch AS d INDEXED BY dispatch_owed WHERE d.suppression = s.id AND d.state = 'held'
)
WHERE s.record = :record AND s.recipient = :recipient AND s.undone_at IS NULL

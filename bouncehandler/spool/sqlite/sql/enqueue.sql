-- newest_suppression --
-- The newest id. Within a transaction that writes, ids above it are its own: no other process has the lock.
SELECT coalesce(max(id), 0) FROM suppression

-- insert_suppression --
-- A suppression, unless its record is known. Run for single rows and, with more rows of values, for hundreds at once.
INSERT OR IGNORE INTO suppression (
    record, recipient, reason, rule, record_type, category, status, diagnostic, originator, job_id,
    occurred_at, subscriber, routed_to, recorded_at, fingerprint_hash
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- insert_dispatches --
-- The dispatches of one provider for all new suppressions that are routed to it: one statement, not one for each.
INSERT OR IGNORE INTO dispatch (suppression, provider, due_at, recorded_at)
SELECT id, :provider, :now, :now FROM suppression
WHERE id > :newest AND instr(recipient, '@') > 0
    AND (routed_to = :provider OR instr(',' || routed_to || ',', ',' || :provider || ',') > 0)
ORDER BY id

-- insert_dispatch --
-- A dispatch of a known suppression to a provider that was added since: held, where the others are held.
INSERT OR IGNORE INTO dispatch (suppression, provider, state, due_at, recorded_at, spike)
SELECT s.id, :provider, CASE WHEN held.spike IS NULL THEN 'pending' ELSE 'held' END, :now, :now, held.spike
FROM suppression AS s INDEXED BY suppression_record
LEFT JOIN dispatch AS held ON held.id = (
    SELECT min(d.id) FROM dispatch AS d INDEXED BY dispatch_of_suppression WHERE d.suppression = s.id AND d.state = 'held'
)
WHERE s.record = :record AND s.recipient = :recipient AND s.undone_at IS NULL

-- inserted_records --
-- The records that this transaction inserted: the others of a batch are duplicates.
SELECT record FROM suppression WHERE id > :newest

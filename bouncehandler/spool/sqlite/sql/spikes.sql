-- spike_add --
-- Count hard bounces by slot. `WHERE true` makes the parser read ON CONFLICT as a part of INSERT.
INSERT INTO hard_bounce (mailbox_provider, slot, fingerprint, bounces)
SELECT
    json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), json_extract(value, '$[3]')
FROM json_each(:tallies)
WHERE true
ON CONFLICT (mailbox_provider, slot, fingerprint) DO UPDATE SET bounces = bounces + excluded.bounces
RETURNING mailbox_provider, slot, bounces

-- spike_delay --
-- New hard bounces wait a while before they are due, so that a spike is caught from its first row.
UPDATE dispatch SET due_at = :now + :initial_delay
WHERE state = 'pending' AND attempts = 0
    AND suppression IN (SELECT id FROM suppression WHERE id > :newest AND fingerprint_hash IS NOT NULL)

-- spike_active --
-- Spikes that go on, or may go on, in a slot.
SELECT mailbox_provider, fingerprint, last_slot FROM spike WHERE last_slot >= :slot - :max_gap

-- spike_slots --
-- The counts of a mailbox provider over a range of slots, for its baseline.
SELECT slot, fingerprint, bounces, held FROM hard_bounce
WHERE mailbox_provider = :mailbox_provider AND slot > :after AND slot <= :through

-- spike_near --
-- The latest spike of this fingerprint that a slot can belong to.
SELECT id, since_slot, last_slot, verdict FROM spike INDEXED BY spike_of_fingerprint
WHERE mailbox_provider = :mailbox_provider AND fingerprint = :fingerprint
    AND :slot BETWEEN since_slot - :max_gap AND last_slot + :max_gap
ORDER BY id DESC
LIMIT 1

-- spike_open --
-- A newly detected spike.
INSERT INTO spike (mailbox_provider, fingerprint, since_slot, last_slot, opened_at, notified_at, bounces, expected, example)
VALUES (:mailbox_provider, :fingerprint, :since_slot, :slot, :now, :now, :bounces, :expected, :example)

-- spike_extend --
-- Extend a spike that goes on.
UPDATE spike SET since_slot = min(since_slot, :since_slot), last_slot = max(last_slot, :slot) WHERE id = :id

-- spike_members --
-- Recent suppressions of this fingerprint that occurred in the spike and have not been called: they are held with it.
SELECT s.id, coalesce(s.occurred_at, s.recorded_at)
FROM suppression AS s
WHERE s.id > :newest AND s.fingerprint_hash = :fingerprint_hash AND coalesce(s.occurred_at, s.recorded_at) >= :since
    AND coalesce(s.occurred_at, s.recorded_at) < :until
    AND EXISTS (
        SELECT 1 FROM dispatch AS d INDEXED BY dispatch_of_suppression
        WHERE d.suppression = s.id AND d.state = 'pending' AND d.attempts = 0
    )

-- spike_hold --
-- Hold dispatches, but none that a call has begun to carry out (`lists`, where the attempt was given back).
UPDATE dispatch SET state = 'held', spike = :spike
WHERE suppression IN (SELECT value FROM json_each(:found)) AND state = 'pending' AND attempts = 0 AND lists IS NULL

-- spike_count_held --
-- Count bounces as held, or no longer: held ones are no evidence for the baseline.
UPDATE hard_bounce SET held = max(0, min(bounces, held + :held))
WHERE mailbox_provider = :mailbox_provider AND slot = :slot AND fingerprint = :fingerprint

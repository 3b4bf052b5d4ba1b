-- provider_held --
-- The held providers, or one of them.
SELECT name, reason, since, probe_at FROM provider WHERE held AND name = coalesce(:provider, name)

-- provider_hold --
-- Hold a provider; the time of the first hold stays.
INSERT INTO provider (name, held, reason, since, probe_at) VALUES (:provider, 1, :reason, :now, :probe_at)
ON CONFLICT (name) DO UPDATE SET
    since = CASE WHEN held THEN since ELSE excluded.since END,
    held = 1, reason = excluded.reason, probe_at = excluded.probe_at

-- provider_release --
-- End a provider's hold.
UPDATE provider SET held = 0, reason = '', since = NULL, probe_at = NULL WHERE name = :provider AND held

-- provider_probe --
-- Take the turn to probe a held provider: one process changes the row, the others find it changed.
UPDATE provider SET probe_at = :next_probe_at WHERE name = :provider AND held AND probe_at <= :due

-- held_spikes --
-- Spikes, oldest first, with how much each holds now: the fields of `HeldSpike`.
SELECT
    s.id, s.mailbox_provider, s.fingerprint, s.since_slot * :slot_seconds, (s.last_slot + 1) * :slot_seconds, s.opened_at,
    s.notified_at, s.bounces, s.expected, s.example, coalesce(s.verdict, ''),
    (
        SELECT count(DISTINCT d.suppression) FROM dispatch AS d INDEXED BY dispatch_of_spike
        WHERE d.spike = s.id AND d.state = 'held'
    )
FROM spike AS s
WHERE s.id = coalesce(:spike, s.id) AND s.mailbox_provider = coalesce(:mailbox_provider, s.mailbox_provider)
ORDER BY s.id

-- held_page --
-- A page of the suppressions that one spike holds, once each, in the order of recording.
SELECT DISTINCT d.suppression
FROM dispatch AS d INDEXED BY dispatch_of_spike
CROSS JOIN suppression AS s ON s.id = d.suppression
WHERE d.spike = :spike AND d.state = 'held' AND d.suppression > :after
    AND (:recipient IS NULL OR s.recipient = :recipient)
    AND (:domain IS NULL OR substr(s.recipient, -length(:domain) - 1) = '@' || lower(:domain))
    AND (:match IS NULL OR instr(lower(s.diagnostic), lower(:match)) > 0)
    AND (:since IS NULL OR coalesce(s.occurred_at, s.recorded_at) >= :since)
    AND (:until IS NULL OR coalesce(s.occurred_at, s.recorded_at) < :until)
ORDER BY d.suppression
LIMIT :limit

-- held_suppressions --
-- The suppressions of a page.
SELECT record, recipient, reason, rule, record_type, category, status, diagnostic, originator, job_id, occurred_at,
    subscriber
FROM suppression
WHERE id IN (SELECT value FROM json_each(:found))
ORDER BY id

-- held_times --
-- When they occurred, to count them as held no longer.
SELECT coalesce(occurred_at, recorded_at) FROM suppression WHERE id IN (SELECT value FROM json_each(:found))

-- held_release --
-- Release held dispatches: they are due.
UPDATE dispatch SET state = 'pending', due_at = :now, spike = NULL
WHERE suppression IN (SELECT value FROM json_each(:found)) AND state = 'held'

-- held_discard --
-- Discard held dispatches: they are done without a call.
UPDATE dispatch SET state = 'done', outcome = 'discarded', settled_at = :now
WHERE suppression IN (SELECT value FROM json_each(:found)) AND state = 'held'

-- spike_verdict --
-- Keep a decision about a whole spike, for its later bounces.
UPDATE spike SET verdict = :verdict WHERE id = :id

-- spike_notified --
-- Note a reminder, so that the next one comes in due time.
UPDATE spike SET notified_at = :now WHERE id = :id

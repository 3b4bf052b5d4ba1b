-- next_due --
-- When the earliest unsettled dispatch of a provider is due; read without the lock for writing, by idle workers.
SELECT due_at FROM dispatch INDEXED BY dispatch_waiting
WHERE provider = :provider AND state IN ('pending', 'claimed')
ORDER BY due_at LIMIT 1

-- claim_due --
-- Due dispatches, earliest first. CROSS JOIN keeps the order of the tables, so that the queue's index gives both the rows
-- and their order.
SELECT d.id, d.attempts, d.retry_index, d.due_at, d.recorded_at,
    s.record, s.recipient, s.reason, s.rule, s.record_type, s.category, s.status, s.diagnostic, s.originator, s.job_id,
    s.occurred_at, s.subscriber,
    CASE d.undoing WHEN 1 THEN coalesce(d.lists, '[]') END
FROM dispatch AS d INDEXED BY dispatch_waiting
CROSS JOIN suppression AS s ON s.id = d.suppression
WHERE d.provider = :provider AND d.state IN ('pending', 'claimed') AND d.due_at <= :now
ORDER BY d.due_at, d.id
LIMIT :limit

-- claim_take --
-- Claim dispatches for a lease, and count the attempt before the call: a crash must not make it free.
UPDATE dispatch SET
    state = 'claimed', attempts = attempts + 1, due_at = :until, claim = :claim, subject_hash = json_extract(c.value, '$[1]')
FROM json_each(:claimed) AS c
WHERE dispatch.id = json_extract(c.value, '$[0]')

-- claim_wait --
-- Let a dispatch wait behind the one in front of it for the same subject.
UPDATE dispatch SET due_at = :due_at, subject_hash = :subject_hash WHERE id = :id

-- claim_repeat --
-- Settle a dispatch whose subject was carried out lately: it needs no call.
UPDATE dispatch SET state = 'done', outcome = 'repeat', settled_at = :now WHERE id = :id

-- claim_first --
-- The dispatch in front, among the unsettled ones of a subject that a claim has looked at: one under way, else the oldest.
-- One that was never claimed and is not due stands in front of none: it waits behind another.
SELECT d.id, d.due_at, d.state = 'claimed' AND d.due_at > :now
FROM dispatch AS d INDEXED BY dispatch_turn
CROSS JOIN suppression AS s ON s.id = d.suppression
WHERE d.provider = :provider AND d.subject_hash = :subject_hash AND d.state IN ('pending', 'claimed')
    AND s.recipient = :recipient AND (:job_id IS NULL OR s.job_id = :job_id)
    AND NOT (d.state = 'pending' AND d.claim IS NULL AND d.due_at > :now)
ORDER BY 3 DESC, d.id
LIMIT 1

-- claim_carried_out --
-- Whether a subject was carried out lately. A time as far ahead is no less wrong than one as long ago.
SELECT EXISTS (
    SELECT 1
    FROM json_each(:days) AS day
    CROSS JOIN dispatch AS d INDEXED BY dispatch_carried_out
        ON d.provider = :provider AND CAST(d.settled_at / 86400 AS INTEGER) = day.value AND d.subject_hash = :subject_hash
    CROSS JOIN suppression AS s ON s.id = d.suppression
    WHERE d.state = 'done' AND d.outcome IN ('unsubscribed', 'already')
        AND d.settled_at > :since AND d.settled_at < :ahead
        AND s.recipient = :recipient AND (:job_id IS NULL OR s.job_id = :job_id)
)

-- claim_set_back --
-- Dispatches that wait by a wrong clock: recorded, or last tried, later than now; and claims that end later than
-- any made now. Only the first rows of the queue are looked at, which would be due first.
SELECT id
FROM (
    SELECT d.id, d.state, d.due_at, d.recorded_at
    FROM dispatch AS d INDEXED BY dispatch_waiting
    WHERE d.provider = :provider AND d.state IN ('pending', 'claimed') AND d.due_at > :now + :slack
    ORDER BY d.due_at, d.id
    LIMIT :limit
) AS ahead
WHERE CASE state
    WHEN 'claimed' THEN due_at > :until + (:until - :now)
    ELSE recorded_at > :now + :slack OR :now + :slack < (
        SELECT a.started_at FROM attempt AS a WHERE a.dispatch = ahead.id ORDER BY a.number DESC LIMIT 1
    )
END

-- claim_make_due --
-- Make due the dispatches that wait by a wrong clock. The owner of a claim renews it long before its new end.
UPDATE dispatch SET due_at = CASE state WHEN 'claimed' THEN :until ELSE :now END
WHERE id IN (SELECT value FROM json_each(:found))

-- claim_extend --
-- Renew a lease, unless the dispatch was claimed anew.
UPDATE dispatch SET due_at = :until WHERE id = :id AND claim = :claim AND state = 'claimed'

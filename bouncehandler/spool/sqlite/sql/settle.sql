-- settle_owned --
-- The claims that still hold: their index in :settled, whether they were undone meanwhile, and the lists that earlier calls
-- changed (as text; NULL: none). One row, since each row costs a turn at Python's lock.
SELECT json_group_array(json_array(s.key, d.undoing = 2, CASE WHEN d.undoing <> 1 THEN d.lists END))
FROM json_each(:settled) AS s
CROSS JOIN dispatch AS d ON d.id = json_extract(s.value, '$.id')
WHERE d.claim = json_extract(s.value, '$.claim') AND d.state = 'claimed'

-- settle_done --
-- Settle as done. A restoring call that found nothing to restore has undone it all the same.
UPDATE dispatch SET
    state = 'done', settled_at = :now, undoing = 0,
    outcome = CASE
        WHEN undoing = 1 AND json_extract(s.value, '$.outcome') <> 'restored' THEN 'undone'
        ELSE json_extract(s.value, '$.outcome')
    END,
    lists = json_extract(s.value, '$.lists'),
    note = json_extract(s.value, '$.note')
FROM json_each(:settled) AS s
WHERE dispatch.id = json_extract(s.value, '$.id')

-- settle_attempt --
-- Keep the attempts with their answers.
INSERT OR REPLACE INTO attempt (dispatch, number, started_at, seconds, result, answer)
SELECT
    json_extract(value, '$.id'), json_extract(value, '$.number'), json_extract(value, '$.started_at'),
    json_extract(value, '$.seconds'), json_extract(value, '$.result'), json_extract(value, '$.answer')
FROM json_each(:settled)

-- settle_retry --
-- Settle for a retry; `lists` stays where the call changed none.
UPDATE dispatch SET state = 'pending', due_at = :due_at, retry_index = :retry_index, lists = coalesce(:lists, lists)
WHERE id = :id AND claim = :claim AND state = 'claimed'

-- settle_dead --
-- Give up: a dead letter.
UPDATE dispatch SET state = 'dead', settled_at = :now, lists = coalesce(:lists, lists)
WHERE id = :id AND claim = :claim AND state = 'claimed'

-- settle_released --
-- Give a claim back, and the attempt with it.
UPDATE dispatch SET state = 'pending', due_at = :due_at, attempts = attempts - 1, lists = coalesce(:lists, lists)
WHERE id = :id AND claim = :claim AND state = 'claimed'

-- settle_reversed --
-- Undone while the call was under way, which changed lists: they are to be restored.
UPDATE dispatch SET
    state = 'pending', undoing = 1, due_at = :now, retry_index = 0, outcome = 'unsubscribed', lists = :lists, note = :note
WHERE id = :id AND claim = :claim AND state = 'claimed'

-- settle_withdrawn --
-- Undone while the call was under way, which changed nothing that is known.
UPDATE dispatch SET state = 'done', outcome = 'undone', undoing = 0, settled_at = :now
WHERE id = :id AND claim = :claim AND state = 'claimed'

-- settle_learned --
-- The address that ids stood for, as a suppression of its own with the same evidence.
INSERT OR IGNORE INTO suppression (
    record, recipient, reason, rule, record_type, category, status, diagnostic, originator, job_id,
    occurred_at, subscriber, routed_to, recorded_at
)
SELECT
    s.record, :recipient, s.reason, s.rule, s.record_type, s.category, s.status, s.diagnostic, s.originator, s.job_id,
    s.occurred_at, s.subscriber, s.routed_to, :now
FROM dispatch AS d
CROSS JOIN suppression AS s ON s.id = d.suppression
WHERE d.id = :id

-- settle_learned_dispatches --
-- Route the learned address like the ids that it was learned from, but not to the provider that knew it.
INSERT OR IGNORE INTO dispatch (suppression, provider, due_at, recorded_at)
SELECT s.id, target.value, :now, :now
FROM suppression AS s INDEXED BY suppression_record
CROSS JOIN json_each('["' || replace(s.routed_to, ',', '","') || '"]') AS target
WHERE s.record = :record AND s.recipient = :recipient AND s.routed_to <> '' AND target.value <> :provider

-- settle_repeats --
-- The subject is off the provider's lists, so dispatches behind it are done, too. Any that no claim has looked at is
-- found by the claim that does.
UPDATE dispatch SET state = 'done', outcome = 'repeat', settled_at = :now
WHERE id IN (
    SELECT d.id
    FROM dispatch AS d INDEXED BY dispatch_turn
    CROSS JOIN suppression AS s ON s.id = d.suppression
    WHERE d.provider = :provider AND d.subject_hash = :subject_hash
        AND d.state IN ('pending', 'claimed') AND d.state = 'pending'
        AND s.recipient = :recipient AND (:job_id IS NULL OR s.job_id = :job_id)
)

-- settle_next --
-- Nothing came of the one in front: the dispatches behind it are due at once.
UPDATE dispatch SET due_at = :now
WHERE due_at > :now AND id IN (
    SELECT d.id
    FROM dispatch AS d INDEXED BY dispatch_turn
    CROSS JOIN suppression AS s ON s.id = d.suppression
    WHERE d.provider = :provider AND d.subject_hash = :subject_hash
        AND d.state IN ('pending', 'claimed') AND d.state = 'pending'
        AND s.recipient = :recipient AND (:job_id IS NULL OR s.job_id = :job_id)
)

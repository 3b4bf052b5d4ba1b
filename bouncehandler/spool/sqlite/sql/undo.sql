-- undo_suppressions --
-- All suppressions of a subject, and which of them are selected.
SELECT id, reason, category, coalesce(occurred_at, recorded_at), undone_at IS NOT NULL,
    (:domain IS NULL OR substr(recipient, -length(:domain) - 1) = '@' || lower(:domain))
    AND (:reason IS NULL OR reason = :reason)
    AND (:category IS NULL OR category = :category)
    AND (:match IS NULL OR instr(lower(diagnostic), lower(:match)) > 0)
    AND (:since IS NULL OR coalesce(occurred_at, recorded_at) >= :since)
    AND (:until IS NULL OR coalesce(occurred_at, recorded_at) < :until)
FROM id_bucket
CROSS JOIN suppression AS s INDEXED BY suppression_subject ON s.id / 8192 = id_bucket.number AND s.recipient = :subject
ORDER BY id

-- undo_dispatches --
-- All dispatches of a subject's suppressions.
SELECT d.id, d.suppression, d.provider, d.state, d.undoing, d.outcome, d.lists, d.attempts
FROM id_bucket
CROSS JOIN suppression AS s INDEXED BY suppression_subject ON s.id / 8192 = id_bucket.number AND s.recipient = :subject
CROSS JOIN dispatch AS d INDEXED BY dispatch_of_suppression ON d.suppression = s.id
ORDER BY d.provider, d.id

-- undo_suppression --
-- Mark a suppression as undone.
UPDATE suppression SET undone_at = :now WHERE id = :id

-- undo_later --
-- Undo a dispatch whose call is under way, once it is settled.
UPDATE dispatch SET undoing = 2 WHERE id = :id

-- undo_restore --
-- Make due the call that restores. The call that changed the lists may have failed afterwards, or been dropped.
UPDATE dispatch SET
    state = 'pending', undoing = 1, outcome = 'unsubscribed', due_at = :now, retry_index = 0, claim = NULL, settled_at = NULL
WHERE id = :id

-- undo_stop --
-- End a dispatch whose changed lists can't be restored; unlike `unsubscribed`, `withdrawn` keeps no new record off.
UPDATE dispatch SET state = 'done', outcome = 'withdrawn', settled_at = :now WHERE id = :id

-- undo_withdraw --
-- Settle as undone without a call: nothing was changed, or another dispatch restores it.
UPDATE dispatch SET state = 'done', outcome = 'undone', undoing = 0, settled_at = :now WHERE id = :id

-- insert_event --
-- Add to a suppression's history.
INSERT INTO event (suppression, provider, at, event, asked_by, detail)
VALUES (:suppression, :provider, :now, :event, :asked_by, :detail)

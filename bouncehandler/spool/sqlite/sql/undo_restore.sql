-- What changed the lists may also have failed afterwards, or been dropped.
UPDATE dispatch SET
    state = 'pending', undoing = 1, outcome = 'unsubscribed', due_at = :now, step = 0, claim = NULL, settled_at = NULL
WHERE id = :id

-- It was undone while the call was under way, which changed something: that is to be restored.
UPDATE dispatch SET
    state = 'pending', undoing = 1, due_at = :now, step = 0, outcome = 'unsubscribed', lists = :lists, note = :note
WHERE id = :id AND claim = :claim AND state = 'claimed'

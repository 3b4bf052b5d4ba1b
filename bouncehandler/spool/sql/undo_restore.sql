UPDATE dispatch SET state = 'pending', undoing = 1, due_at = :now, step = 0, claim = NULL, settled_at = NULL WHERE id = :id

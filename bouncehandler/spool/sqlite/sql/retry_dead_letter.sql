UPDATE dispatch SET state = 'pending', due_at = :now, step = 0, claim = NULL, settled_at = NULL
WHERE id = :id AND state = 'dead'

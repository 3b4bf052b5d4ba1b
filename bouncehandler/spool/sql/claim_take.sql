UPDATE dispatch SET state = 'claimed', attempts = attempts + 1, due_at = :until, claim = :claim WHERE id = :id

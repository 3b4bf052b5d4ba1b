UPDATE dispatch SET due_at = :until WHERE id = :id AND claim = :claim AND state = 'claimed'

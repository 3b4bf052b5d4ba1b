UPDATE dispatch SET state = 'pending', due_at = :due_at, attempts = attempts - 1
WHERE id = :id AND claim = :claim AND state = 'claimed'

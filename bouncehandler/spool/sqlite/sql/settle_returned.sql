UPDATE dispatch SET state = 'pending', due_at = :due_at, attempts = attempts - 1, lists = coalesce(:lists, lists)
WHERE id = :id AND claim = :claim AND state = 'claimed'

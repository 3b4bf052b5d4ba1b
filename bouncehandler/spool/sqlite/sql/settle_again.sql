UPDATE dispatch SET state = 'pending', due_at = :due_at, step = :step, lists = coalesce(:lists, lists)
WHERE id = :id AND claim = :claim AND state = 'claimed'

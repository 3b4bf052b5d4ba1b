UPDATE dispatch SET state = 'dead', settled_at = :now, lists = coalesce(:lists, lists)
WHERE id = :id AND claim = :claim AND state = 'claimed'

UPDATE dispatch SET state = 'done', outcome = :outcome, lists = :lists, note = :note, settled_at = :now
WHERE id = :id AND claim = :claim AND state = 'claimed'

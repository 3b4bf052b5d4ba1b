UPDATE dispatch SET state = 'done', outcome = 'dropped', note = :reason, settled_at = :now WHERE id = :id AND state = 'dead'

UPDATE dispatch SET state = 'done', outcome = 'dropped', settled_at = :now WHERE id = :id AND state = 'dead'

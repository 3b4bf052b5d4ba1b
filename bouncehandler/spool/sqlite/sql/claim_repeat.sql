UPDATE dispatch SET state = 'done', outcome = 'repeat', settled_at = :now WHERE id = :id

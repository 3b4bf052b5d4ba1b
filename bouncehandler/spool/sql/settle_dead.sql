UPDATE dispatch SET state = 'dead', settled_at = :now WHERE id = :id AND claim = :claim AND state = 'claimed'

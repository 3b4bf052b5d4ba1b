SELECT 1 FROM dispatch WHERE id = :id AND claim = :claim AND state = 'claimed'

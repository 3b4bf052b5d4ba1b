UPDATE spike SET told_at = :now WHERE id = :id

UPDATE wave SET told_at = :now WHERE id = :id

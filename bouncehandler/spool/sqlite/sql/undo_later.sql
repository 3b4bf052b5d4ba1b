UPDATE dispatch SET undoing = 2 WHERE id = :id

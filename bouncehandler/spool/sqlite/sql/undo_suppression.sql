UPDATE suppression SET undone_at = :now WHERE id = :id

INSERT INTO forgotten (name, at, asked_by) VALUES (:name, :now, :asked_by)
ON CONFLICT (name) DO UPDATE SET at = :now, asked_by = :asked_by

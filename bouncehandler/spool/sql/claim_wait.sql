UPDATE dispatch SET due_at = :due_at WHERE id = :id

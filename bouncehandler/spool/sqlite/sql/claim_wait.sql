UPDATE dispatch SET due_at = :due_at, person = :person WHERE id = :id

UPDATE spike SET verdict = :verdict WHERE id = :id

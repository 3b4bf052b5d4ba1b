UPDATE wave SET verdict = :verdict WHERE id = :id

UPDATE dispatch SET state = 'claimed', attempts = attempts + 1, due_at = :until, claim = :claim
WHERE id IN (SELECT value FROM json_each(:claimed))

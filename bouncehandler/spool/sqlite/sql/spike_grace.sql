-- New hard bounces wait a while, so that a spike is caught from its first row.
UPDATE dispatch SET due_at = :now + :grace
WHERE state = 'pending' AND attempts = 0
    AND suppression IN (SELECT id FROM suppression WHERE id > :newest AND kind IS NOT NULL)

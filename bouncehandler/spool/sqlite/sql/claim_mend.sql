-- Whoever holds a claim renews it long before its new end.
UPDATE dispatch SET due_at = CASE state WHEN 'claimed' THEN :until ELSE :now END
WHERE id IN (SELECT value FROM json_each(:found))

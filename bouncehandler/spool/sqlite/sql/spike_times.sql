SELECT coalesce(occurred_at, recorded_at) FROM suppression WHERE id IN (SELECT value FROM json_each(:found))

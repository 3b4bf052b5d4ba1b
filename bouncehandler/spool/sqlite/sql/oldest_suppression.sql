SELECT coalesce(min(id), 1) FROM suppression

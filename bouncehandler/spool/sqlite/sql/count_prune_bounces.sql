DELETE FROM soft_bounce WHERE id IN (
    SELECT id FROM soft_bounce INDEXED BY soft_bounce_seen WHERE seen_at < :before ORDER BY seen_at LIMIT :most
)

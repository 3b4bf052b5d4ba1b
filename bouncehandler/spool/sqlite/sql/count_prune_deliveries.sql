DELETE FROM delivery WHERE recipient IN (
    SELECT recipient FROM delivery INDEXED BY delivery_seen WHERE seen_at < :before ORDER BY seen_at LIMIT :most
)

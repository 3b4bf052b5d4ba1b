DELETE FROM notice WHERE id IN (
    SELECT id FROM notice WHERE id <= (SELECT sent_upto FROM post) ORDER BY id LIMIT :most
)

DELETE FROM notice WHERE id IN (
    SELECT id FROM notice WHERE id <= :upto AND (SELECT claim FROM post) = :claim ORDER BY id LIMIT :most
)

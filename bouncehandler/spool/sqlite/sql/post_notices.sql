SELECT id, kind, at, about FROM notice
WHERE id > max(:after, (SELECT sent_upto FROM post)) AND id <= :upto
ORDER BY id
LIMIT :most

SELECT id, kind, at, about FROM notice WHERE id > :after AND id <= :upto ORDER BY id LIMIT :most

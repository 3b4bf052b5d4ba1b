-- The newest stays, so that its number is not given again.
SELECT s.id
FROM suppression AS s
WHERE s.id > :after AND s.id <= :upto AND s.recorded_at < :before AND s.id < (SELECT max(id) FROM suppression)
    AND NOT EXISTS (
        SELECT 1 FROM dispatch AS d INDEXED BY dispatch_owed
        WHERE d.suppression = s.id AND (d.state <> 'done' OR d.settled_at >= :before)
    )

-- Where any dispatch of the same suppression is not done, or was done since, its attempts stay, too.
SELECT d.id
FROM (SELECT DISTINCT dispatch FROM attempt WHERE dispatch > :after AND dispatch <= :upto) AS called
CROSS JOIN dispatch AS d ON d.id = called.dispatch
WHERE d.state = 'done' AND d.settled_at < :before
    AND NOT EXISTS (
        SELECT 1 FROM dispatch AS o INDEXED BY dispatch_owed
        WHERE o.suppression = d.suppression AND (o.state <> 'done' OR o.settled_at >= :before)
    )

-- When the first complaint, or request, was recorded of which a provider has yet to hear; none is older than what waits.
SELECT s.recorded_at
FROM suppression AS s INDEXED BY suppression_asked
WHERE s.reason IN ('complaint', 'unsubscribe')
    AND s.id >= (SELECT min(suppression) FROM dispatch WHERE id IN (SELECT value FROM json_each(:oldest)))
    AND EXISTS (SELECT 1 FROM dispatch AS d WHERE d.suppression = s.id AND d.state IN ('pending', 'claimed'))
ORDER BY s.id LIMIT 1

-- Who wanted the suppression that had only ids wants the learned address, but for the one that told it.
INSERT OR IGNORE INTO dispatch (suppression, provider, due_at, recorded_at)
SELECT s.id, wanting.value, :now, :now
FROM suppression AS s INDEXED BY suppression_record
CROSS JOIN json_each('["' || replace(s.wanted_by, ',', '","') || '"]') AS wanting
WHERE s.record = :record AND s.recipient = :recipient AND s.wanted_by <> '' AND wanting.value <> :provider

-- Whose turn it is among the unsettled dispatches of this recipient to this provider: one that is under way, else the oldest.
SELECT d.id, d.due_at
FROM suppression AS s INDEXED BY suppression_recipient
CROSS JOIN dispatch AS d INDEXED BY dispatch_owed ON d.suppression = s.id AND d.provider = :provider
WHERE s.recipient = :recipient AND (:job_id IS NULL OR s.job_id = :job_id) AND d.state IN ('pending', 'claimed')
ORDER BY (d.state = 'claimed' AND d.due_at > :now) DESC, d.id
LIMIT 1

-- Whose turn it is among the unsettled dispatches of this recipient to this provider: one that is under way, else the
-- oldest. One that was never claimed and is not due keeps nobody waiting: it is a hard bounce in its grace.
SELECT d.id, d.due_at
FROM suppression AS s INDEXED BY suppression_recipient
CROSS JOIN dispatch AS d INDEXED BY dispatch_owed ON d.suppression = s.id AND d.provider = :provider
WHERE s.recipient = :recipient AND (:job_id IS NULL OR s.job_id = :job_id) AND d.state IN ('pending', 'claimed')
    AND NOT (d.state = 'pending' AND d.claim IS NULL AND d.due_at > :now)
ORDER BY (d.state = 'claimed' AND d.due_at > :now) DESC, d.id
LIMIT 1

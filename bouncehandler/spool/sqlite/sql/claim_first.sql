-- Who is in front, of the unsettled dispatches of this recipient to this provider that a claim has looked at: one that is
-- under way, else the oldest. One that was never claimed and is not due keeps nobody waiting: it waits behind another.
SELECT d.id, d.due_at, d.state = 'claimed' AND d.due_at > :now
FROM dispatch AS d INDEXED BY dispatch_turn
CROSS JOIN suppression AS s ON s.id = d.suppression
WHERE d.provider = :provider AND d.person = :person AND d.state IN ('pending', 'claimed')
    AND s.recipient = :recipient AND (:job_id IS NULL OR s.job_id = :job_id)
    AND NOT (d.state = 'pending' AND d.claim IS NULL AND d.due_at > :now)
ORDER BY 3 DESC, d.id
LIMIT 1

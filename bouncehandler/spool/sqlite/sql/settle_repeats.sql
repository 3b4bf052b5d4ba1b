-- The recipient is off the provider's lists: what waited behind has come about too. What no claim has looked at is found
-- when one does.
UPDATE dispatch SET state = 'done', outcome = 'repeat', settled_at = :now
WHERE id IN (
    SELECT d.id
    FROM dispatch AS d INDEXED BY dispatch_turn
    CROSS JOIN suppression AS s ON s.id = d.suppression
    WHERE d.provider = :provider AND d.person = :person AND d.state IN ('pending', 'claimed') AND d.state = 'pending'
        AND s.recipient = :recipient AND (:job_id IS NULL OR s.job_id = :job_id)
)

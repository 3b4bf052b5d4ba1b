-- Nothing came of the one in front: what waited behind is to be tried at once.
UPDATE dispatch SET due_at = :now
WHERE due_at > :now AND id IN (
    SELECT d.id
    FROM dispatch AS d INDEXED BY dispatch_turn
    CROSS JOIN suppression AS s ON s.id = d.suppression
    WHERE d.provider = :provider AND d.person = :person AND d.state IN ('pending', 'claimed') AND d.state = 'pending'
        AND s.recipient = :recipient AND (:job_id IS NULL OR s.job_id = :job_id)
)

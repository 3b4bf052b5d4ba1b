-- Nothing came of the one in front: what waited behind is to be tried at once.
UPDATE dispatch SET due_at = :now
WHERE due_at > :now AND id IN (
    SELECT d.id
    FROM suppression AS s INDEXED BY suppression_recipient
    CROSS JOIN dispatch AS d INDEXED BY dispatch_owed ON d.suppression = s.id AND d.provider = :provider
    WHERE s.recipient = :recipient AND (:job_id IS NULL OR s.job_id = :job_id) AND d.state = 'pending'
)

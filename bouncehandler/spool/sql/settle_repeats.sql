-- The recipient is off the provider's lists: what waited behind has come about too.
UPDATE dispatch SET state = 'done', outcome = 'repeat', settled_at = :now
WHERE id IN (
    SELECT d.id
    FROM suppression AS s INDEXED BY suppression_recipient
    CROSS JOIN dispatch AS d INDEXED BY dispatch_owed ON d.suppression = s.id AND d.provider = :provider
    WHERE s.recipient = :recipient AND (:job_id IS NULL OR s.job_id = :job_id) AND d.state = 'pending'
)

-- What was recorded lately of this kind, occurred in the spike, and has not been called: it is held with the spike.
SELECT s.id, coalesce(s.occurred_at, s.recorded_at)
FROM suppression AS s
WHERE s.id > :newest AND s.kind = :kind AND coalesce(s.occurred_at, s.recorded_at) >= :since
    AND coalesce(s.occurred_at, s.recorded_at) < :until
    AND EXISTS (
        SELECT 1 FROM dispatch AS d INDEXED BY dispatch_owed
        WHERE d.suppression = s.id AND d.state = 'pending' AND d.attempts = 0
    )

-- What waits by a clock that was set back since: recorded, or last tried, later than now; and claims that end later than
-- any that is made now. So many rows of the queue are looked at, those first that would be due first.
SELECT id
FROM (
    SELECT d.id, d.state, d.due_at, d.recorded_at
    FROM dispatch AS d INDEXED BY dispatch_waiting
    WHERE d.provider = :provider AND d.state IN ('pending', 'claimed') AND d.due_at > :now + :slack
    ORDER BY d.due_at, d.id
    LIMIT :most
) AS ahead
WHERE CASE state
    WHEN 'claimed' THEN due_at > :until + (:until - :now)
    ELSE recorded_at > :now + :slack OR :now + :slack < (
        SELECT a.started_at FROM attempt AS a WHERE a.dispatch = ahead.id ORDER BY a.number DESC LIMIT 1
    )
END

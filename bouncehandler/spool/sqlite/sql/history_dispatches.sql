SELECT d.id, d.provider, d.state, d.due_at, d.recorded_at, d.attempts, d.outcome, d.lists, d.note, d.settled_at
FROM dispatch AS d INDEXED BY dispatch_owed
WHERE d.suppression = :suppression
ORDER BY d.provider

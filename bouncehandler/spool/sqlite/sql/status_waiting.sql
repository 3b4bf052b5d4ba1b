SELECT provider, count(*), sum(state = 'claimed'), min(id), min(due_at)
FROM dispatch INDEXED BY dispatch_waiting
WHERE state IN ('pending', 'claimed')
GROUP BY provider

SELECT due_at FROM dispatch INDEXED BY dispatch_waiting
WHERE provider = :provider AND state IN ('pending', 'claimed')
ORDER BY due_at LIMIT 1

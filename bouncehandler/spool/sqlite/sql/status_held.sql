SELECT provider, count(*), min(id) FROM dispatch INDEXED BY dispatch_held WHERE state = 'held' GROUP BY provider

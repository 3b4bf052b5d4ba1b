SELECT provider, count(*) FROM dispatch INDEXED BY dispatch_dead WHERE state = 'dead' GROUP BY provider

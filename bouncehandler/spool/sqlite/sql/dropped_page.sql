-- Where the next page ends, whatever the filter leaves of it; NULL: there is none.
SELECT max(id) FROM (
    SELECT id FROM dispatch INDEXED BY dispatch_dropped WHERE outcome = 'dropped' AND id > :after ORDER BY id LIMIT :most
)

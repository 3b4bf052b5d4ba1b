-- One window of numbers, which are given in the order of the time.
SELECT event, asked_by, provider, sum(at >= :since AND at < :until), max(at) FROM event
WHERE id > :after AND id <= :upto
GROUP BY event, asked_by, provider

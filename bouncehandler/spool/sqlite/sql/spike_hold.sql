-- What a call has begun to carry out (`lists`, where the attempt was given back) is not held.
UPDATE dispatch SET state = 'held', spike = :spike
WHERE suppression IN (SELECT value FROM json_each(:found)) AND state = 'pending' AND attempts = 0 AND lists IS NULL

UPDATE dispatch SET state = 'held', wave = :wave
WHERE suppression IN (SELECT value FROM json_each(:found)) AND state = 'pending' AND attempts = 0

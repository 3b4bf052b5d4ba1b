UPDATE dispatch SET state = 'done', outcome = 'discarded', settled_at = :now
WHERE suppression IN (SELECT value FROM json_each(:found)) AND state = 'held'

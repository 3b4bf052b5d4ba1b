UPDATE dispatch SET state = 'pending', due_at = :now, spike = NULL
WHERE suppression IN (SELECT value FROM json_each(:found)) AND state = 'held'

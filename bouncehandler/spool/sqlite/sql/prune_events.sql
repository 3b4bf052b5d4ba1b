DELETE FROM event WHERE suppression IN (SELECT value FROM json_each(:found))

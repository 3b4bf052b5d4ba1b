DELETE FROM dispatch INDEXED BY dispatch_owed WHERE suppression IN (SELECT value FROM json_each(:found))

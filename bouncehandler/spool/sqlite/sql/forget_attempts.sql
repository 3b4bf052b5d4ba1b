UPDATE attempt SET answer = '' WHERE dispatch IN (SELECT id FROM dispatch INDEXED BY dispatch_owed WHERE suppression = :id)

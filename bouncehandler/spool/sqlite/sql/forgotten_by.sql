SELECT asked_by FROM forgotten WHERE name = :name

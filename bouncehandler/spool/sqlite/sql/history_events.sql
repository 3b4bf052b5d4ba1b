SELECT at, event, provider, asked_by, detail FROM event WHERE suppression = :suppression ORDER BY id

UPDATE dispatch SET note = '' WHERE suppression = :id

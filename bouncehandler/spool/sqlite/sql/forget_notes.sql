UPDATE dispatch SET note = '', person = NULL WHERE suppression = :id

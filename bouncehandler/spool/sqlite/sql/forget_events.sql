UPDATE event SET detail = '' WHERE suppression = :id

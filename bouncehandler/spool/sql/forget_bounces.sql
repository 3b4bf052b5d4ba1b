DELETE FROM soft_bounce WHERE recipient = :person

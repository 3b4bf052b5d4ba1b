DELETE FROM delivery WHERE recipient = :person

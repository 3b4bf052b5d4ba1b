SELECT at FROM delivery WHERE recipient = :person

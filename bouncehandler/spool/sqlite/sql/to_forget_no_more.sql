DELETE FROM to_forget WHERE person = :person

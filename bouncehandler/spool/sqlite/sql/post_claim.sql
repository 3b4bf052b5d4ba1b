UPDATE post SET claim = :claim, claimed_until = :until

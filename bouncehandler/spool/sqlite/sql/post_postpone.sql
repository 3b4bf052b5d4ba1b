UPDATE post SET claim = NULL, claimed_until = :until WHERE claim = :claim

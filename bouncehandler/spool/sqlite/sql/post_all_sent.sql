UPDATE post SET sent_at = :now, claim = NULL, claimed_until = 0 WHERE claim = :claim

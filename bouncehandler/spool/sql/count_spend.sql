UPDATE soft_bounce SET spent = :spent WHERE recipient = :recipient AND day = :day

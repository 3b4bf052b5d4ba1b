UPDATE soft_bounce SET spent = :spent WHERE day = :day AND recipient = :recipient

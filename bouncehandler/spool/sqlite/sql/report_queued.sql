UPDATE post SET reported_until = :until WHERE reported_until < :until OR reported_until > :now

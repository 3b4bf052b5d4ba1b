UPDATE counting SET within = :within WHERE within < :within

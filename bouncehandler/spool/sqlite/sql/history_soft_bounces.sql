SELECT s.at, s.rule, s.category, s.status, s.diagnostic, s.originator, s.spent
FROM counted_day AS d
CROSS JOIN soft_bounce AS s ON s.day = d.day AND s.recipient = :person
ORDER BY s.day

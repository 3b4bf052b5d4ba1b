SELECT max(n.id)
FROM post AS p
CROSS JOIN notice AS n
WHERE p.claimed_until <= :now AND (p.sent_at IS NULL OR p.sent_at > :now OR p.sent_at + :every <= :now)

-- A time too far ahead was written before the clock was set back.
SELECT newest.id
FROM post AS p
CROSS JOIN (SELECT max(id) AS id FROM notice) AS newest
WHERE newest.id > p.sent_upto
    AND (p.claimed_until <= :now OR p.claimed_until > :now + :longest)
    AND (p.sent_at IS NULL OR p.sent_at > :now OR p.sent_at + :every <= :now)

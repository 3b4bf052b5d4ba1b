-- A time ahead was written before the clock was set back.
SELECT 1 FROM post WHERE reported_until < :until OR reported_until > :now

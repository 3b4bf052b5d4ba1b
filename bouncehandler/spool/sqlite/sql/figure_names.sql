-- The names that an hour has already, of one kind.
SELECT DISTINCT dimension, value FROM figures WHERE hour = :hour AND kind = :kind AND dimension <> ''

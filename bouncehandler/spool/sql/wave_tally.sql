-- `WHERE true` tells SQLite that ON CONFLICT belongs to INSERT.
INSERT INTO hard_bounce (operator, slot, shape, bounces)
SELECT
    json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), json_extract(value, '$[3]')
FROM json_each(:tallies)
WHERE true
ON CONFLICT (operator, slot, shape) DO UPDATE SET bounces = bounces + excluded.bounces
RETURNING operator, slot, bounces

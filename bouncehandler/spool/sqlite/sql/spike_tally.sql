-- `WHERE true` tells SQLite that ON CONFLICT belongs to INSERT.
INSERT INTO hard_bounce (mailbox_provider, slot, fingerprint, bounces)
SELECT
    json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), json_extract(value, '$[3]')
FROM json_each(:tallies)
WHERE true
ON CONFLICT (mailbox_provider, slot, fingerprint) DO UPDATE SET bounces = bounces + excluded.bounces
RETURNING mailbox_provider, slot, bounces

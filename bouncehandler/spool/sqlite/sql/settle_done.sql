UPDATE dispatch SET
    state = 'done', settled_at = :now, undoing = 0,
    outcome = CASE
        WHEN undoing = 1 AND json_extract(s.value, '$.outcome') <> 'restored' THEN 'undone'
        ELSE json_extract(s.value, '$.outcome')
    END,
    lists = json_extract(s.value, '$.lists'),
    note = json_extract(s.value, '$.note')
FROM json_each(:settled) AS s
WHERE dispatch.id = json_extract(s.value, '$.id')

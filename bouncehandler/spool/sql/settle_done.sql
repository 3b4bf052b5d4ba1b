UPDATE dispatch SET
    state = 'done', settled_at = :now,
    outcome = json_extract(s.value, '$.outcome'),
    lists = json_extract(s.value, '$.lists'),
    note = json_extract(s.value, '$.note')
FROM json_each(:settled) AS s
WHERE dispatch.id = json_extract(s.value, '$.id')

-- The places in :settled of those whose claim still holds, and whether they were undone meanwhile; as one row, since each row costs a turn at Python's lock.
SELECT json_group_array(json_array(s.key, d.undoing = 2))
FROM json_each(:settled) AS s
CROSS JOIN dispatch AS d ON d.id = json_extract(s.value, '$.id')
WHERE d.claim = json_extract(s.value, '$.claim') AND d.state = 'claimed'

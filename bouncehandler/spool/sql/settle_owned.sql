-- The places in :settled of those whose claim still holds; as one row, since each row costs a turn at Python's lock.
SELECT json_group_array(s.key)
FROM json_each(:settled) AS s
CROSS JOIN dispatch AS d ON d.id = json_extract(s.value, '$.id')
WHERE d.claim = json_extract(s.value, '$.claim') AND d.state = 'claimed'

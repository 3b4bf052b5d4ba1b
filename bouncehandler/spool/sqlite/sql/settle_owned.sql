-- Of those whose claim still holds the places in :settled, whether they were undone meanwhile, and the lists that earlier
-- calls had changed (as text; NULL: none); as one row, since each row costs a turn at Python's lock.
SELECT json_group_array(json_array(s.key, d.undoing = 2, CASE WHEN d.undoing <> 1 THEN d.lists END))
FROM json_each(:settled) AS s
CROSS JOIN dispatch AS d ON d.id = json_extract(s.value, '$.id')
WHERE d.claim = json_extract(s.value, '$.claim') AND d.state = 'claimed'

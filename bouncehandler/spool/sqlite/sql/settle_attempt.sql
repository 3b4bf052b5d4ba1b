INSERT OR REPLACE INTO attempt (dispatch, number, started_at, seconds, result, answer)
SELECT
    json_extract(value, '$.id'), json_extract(value, '$.number'), json_extract(value, '$.started_at'),
    json_extract(value, '$.seconds'), json_extract(value, '$.result'), json_extract(value, '$.answer')
FROM json_each(:settled)

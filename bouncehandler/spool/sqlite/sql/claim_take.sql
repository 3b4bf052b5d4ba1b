UPDATE dispatch SET
    state = 'claimed', attempts = attempts + 1, due_at = :until, claim = :claim, person = json_extract(c.value, '$[1]')
FROM json_each(:claimed) AS c
WHERE dispatch.id = json_extract(c.value, '$[0]')

DELETE FROM attempt WHERE dispatch IN (
    SELECT d.id
    FROM json_each(:found) AS found
    CROSS JOIN dispatch AS d INDEXED BY dispatch_owed ON d.suppression = found.value
)

DELETE FROM attempt WHERE dispatch IN (SELECT value FROM json_each(:found))

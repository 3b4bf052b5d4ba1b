SELECT number, started_at, seconds, result, answer FROM attempt WHERE dispatch = :dispatch ORDER BY number

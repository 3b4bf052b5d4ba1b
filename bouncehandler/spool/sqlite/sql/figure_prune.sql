DELETE FROM figures WHERE (hour, kind, verdict, dimension, value) IN (
    SELECT hour, kind, verdict, dimension, value FROM figures WHERE hour < :before LIMIT :most
)

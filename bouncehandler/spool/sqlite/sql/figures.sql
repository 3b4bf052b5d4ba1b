SELECT hour, kind, verdict, dimension, value, number FROM figures
WHERE hour >= :since AND hour < :until
ORDER BY hour, kind, verdict, dimension, value

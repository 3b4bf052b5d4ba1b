DELETE FROM soft_bounce WHERE id IN (
    SELECT s.id FROM counted_day AS d CROSS JOIN soft_bounce AS s ON s.day = d.day AND s.recipient = :person
)

-- What is too old to tell what is usual, beside the newest, which may be of an archive; and after two days what hardly
-- matters, of operators that are a domain of their own, of which there are very many.
DELETE FROM hard_bounce WHERE (operator, slot, shape) IN (
    SELECT operator, slot, shape FROM hard_bounce INDEXED BY hard_bounce_slot, (SELECT max(slot) AS newest FROM hard_bounce)
    WHERE slot < newest - :long OR (slot < newest - :short AND bounces < :small AND instr(operator, '.') > 0)
    LIMIT :most
)

-- What is too old to tell what is usual, beside the newest, which may be of an archive; and after two days what hardly
-- matters, of operators that are a domain of their own, of which there are very many.
DELETE FROM hard_bounce WHERE (mailbox_provider, slot, fingerprint) IN (
    SELECT mailbox_provider, slot, fingerprint FROM hard_bounce INDEXED BY hard_bounce_slot, (SELECT max(slot) AS newest FROM hard_bounce)
    WHERE slot < newest - :long OR (slot < newest - :short AND bounces < :small AND instr(mailbox_provider, '.') > 0)
    LIMIT :most
)

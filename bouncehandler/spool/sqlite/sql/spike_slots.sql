SELECT slot, fingerprint, bounces, held FROM hard_bounce WHERE mailbox_provider = :mailbox_provider AND slot > :after AND slot <= :upto

INSERT INTO spike (mailbox_provider, fingerprint, since_slot, last_slot, opened_at, told_at, bounces, expected, example)
VALUES (:mailbox_provider, :fingerprint, :since_slot, :slot, :now, :now, :bounces, :expected, :example)

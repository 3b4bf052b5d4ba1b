UPDATE hard_bounce SET held = max(0, min(bounces, held + :held)) WHERE mailbox_provider = :mailbox_provider AND slot = :slot AND fingerprint = :fingerprint

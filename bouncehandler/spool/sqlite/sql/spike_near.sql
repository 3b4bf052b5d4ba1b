-- The latest spike of this kind that a slot can belong to.
SELECT id, since_slot, last_slot, verdict FROM spike INDEXED BY spike_of
WHERE mailbox_provider = :mailbox_provider AND fingerprint = :fingerprint AND :slot BETWEEN since_slot - :reach AND last_slot + :reach
ORDER BY id DESC
LIMIT 1

-- The spikes that are on, or may go on.
SELECT mailbox_provider, fingerprint, last_slot FROM spike WHERE last_slot >= :slot - :reach

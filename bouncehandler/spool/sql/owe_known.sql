INSERT OR IGNORE INTO dispatch (suppression, provider, due_at, recorded_at)
SELECT id, :provider, :now, :now FROM suppression WHERE recipient = :recipient AND record = :record AND undone_at IS NULL

INSERT INTO provider (name, held, reason, since, probe_at) VALUES (:provider, 1, :reason, :now, :probe_at)
ON CONFLICT (name) DO UPDATE SET
    since = CASE WHEN held THEN since ELSE excluded.since END,
    held = 1, reason = excluded.reason, probe_at = excluded.probe_at

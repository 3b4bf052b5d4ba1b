INSERT INTO delivery (recipient, at, seen_at) VALUES (:recipient, :at, :now)
ON CONFLICT (recipient) DO UPDATE SET at = excluded.at, seen_at = excluded.seen_at WHERE excluded.at > at

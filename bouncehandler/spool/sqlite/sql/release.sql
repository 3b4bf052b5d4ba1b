UPDATE provider SET held = 0, reason = '', since = NULL, probe_at = NULL WHERE name = :provider AND held

SELECT name, reason, since, probe_at FROM provider WHERE held AND name = coalesce(:provider, name)

UPDATE provider SET probe_at = :next_probe_at WHERE name = :provider AND held AND probe_at <= :now

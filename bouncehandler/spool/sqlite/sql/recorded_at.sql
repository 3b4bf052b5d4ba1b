SELECT recorded_at FROM dispatch WHERE id = :id

SELECT count(*), max(at) FROM forgotten

INSERT INTO notice (kind, at, about) VALUES (:kind, :now, :about)

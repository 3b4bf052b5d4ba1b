INSERT INTO figures (hour, kind, verdict, dimension, value, number) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (hour, kind, verdict, dimension, value) DO UPDATE SET number = number + excluded.number

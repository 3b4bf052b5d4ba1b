INSERT INTO totals (name, labels, number) VALUES (?, ?, ?)
ON CONFLICT (name, labels) DO UPDATE SET number = number + excluded.number

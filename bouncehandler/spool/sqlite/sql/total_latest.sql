INSERT INTO totals (name, labels, number) VALUES (?, ?, ?)
ON CONFLICT (name, labels) DO UPDATE SET number = max(number, excluded.number)

SELECT name, labels, number FROM totals ORDER BY name, labels

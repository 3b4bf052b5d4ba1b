-- hourly_count_values --
-- The values that an hour has already, of one kind.
SELECT DISTINCT dimension, value FROM hourly_count WHERE hour = :hour AND kind = :kind AND dimension <> ''

-- hourly_count_add --
-- Add to an hourly count.
INSERT INTO hourly_count (hour, kind, verdict, dimension, value, number) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (hour, kind, verdict, dimension, value) DO UPDATE SET number = number + excluded.number

-- hourly_count_first --
-- The first hour from :since on that has counts; NULL: none has.
SELECT min(hour) FROM hourly_count WHERE hour >= :since AND hour < :until

-- hourly_counts --
-- The counts of a page of hours.
SELECT hour, kind, verdict, dimension, value, number FROM hourly_count
WHERE hour >= :since AND hour < :until
ORDER BY hour, kind, verdict, dimension, value

-- metric_counter_add --
-- Add to a counter.
INSERT INTO metric_counter (name, labels, number) VALUES (?, ?, ?)
ON CONFLICT (name, labels) DO UPDATE SET number = number + excluded.number

-- metric_counter_latest --
-- Keep the latest of times.
INSERT INTO metric_counter (name, labels, number) VALUES (?, ?, ?)
ON CONFLICT (name, labels) DO UPDATE SET number = max(number, excluded.number)

-- metric_counters --
-- Every counter.
SELECT name, labels, number FROM metric_counter ORDER BY name, labels

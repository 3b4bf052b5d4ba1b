-- status_suppressions --
-- The newest suppression: its id, less the number of pruned ones, is the count, since ids are given without gaps.
SELECT id, recorded_at FROM suppression ORDER BY id DESC LIMIT 1

-- status_pruned --
-- How many suppressions were pruned.
SELECT suppressions FROM pruned

-- status_waiting --
-- Waiting dispatches, by provider; the index alone is read.
SELECT provider, count(*), sum(state = 'claimed'), min(id), min(due_at)
FROM dispatch INDEXED BY dispatch_waiting
WHERE state IN ('pending', 'claimed')
GROUP BY provider

-- status_held --
-- Held dispatches, by provider; likewise.
SELECT provider, count(*), min(id) FROM dispatch INDEXED BY dispatch_held WHERE state = 'held' GROUP BY provider

-- status_dead --
-- Dead letters, by provider; likewise.
SELECT provider, count(*) FROM dispatch INDEXED BY dispatch_dead WHERE state = 'dead' GROUP BY provider

-- status_done --
-- Settled dispatches, by provider, as the triggers counted it.
SELECT name, done FROM provider WHERE done > 0

-- status_notices --
-- How many notices wait: ids are given without gaps, and deleted from the oldest on, so no row has to be counted.
SELECT max(0, coalesce((SELECT max(id) FROM notice), 0) - sent_through) FROM notice_queue

-- status_requested_at --
-- When the first complaint, or request, was recorded that waits for a provider; none is older than the oldest dispatch that
-- waits.
SELECT s.recorded_at
FROM suppression AS s INDEXED BY suppression_request
WHERE s.reason IN ('complaint', 'unsubscribe')
    AND s.id >= (SELECT min(suppression) FROM dispatch WHERE id IN (SELECT value FROM json_each(:oldest)))
    AND EXISTS (SELECT 1 FROM dispatch AS d WHERE d.suppression = s.id AND d.state IN ('pending', 'claimed'))
ORDER BY s.id LIMIT 1

-- dispatch_recorded_at --
-- When a dispatch was recorded.
SELECT recorded_at FROM dispatch WHERE id = :id

-- newest_event --
-- Where the events end; they are read from there backwards.
SELECT coalesce(max(id), 0) FROM event

-- manual_actions --
-- One window of events, whose ids are given in the order of the time.
SELECT event, asked_by, provider, sum(at >= :since AND at < :until), max(at) FROM event
WHERE id > :after AND id <= :through
GROUP BY event, asked_by, provider

-- report_due --
-- Whether a report is due; a time ahead is from before the clock was set back.
SELECT 1 FROM notice_queue WHERE reported_until < :until OR reported_until > :now

-- report_enqueue --
-- Take the turn to queue a report: one process changes the row.
UPDATE notice_queue SET reported_until = :until WHERE reported_until < :until OR reported_until > :now

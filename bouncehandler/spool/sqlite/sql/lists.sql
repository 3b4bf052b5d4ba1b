-- oldest_suppression --
-- Where a list begins: pruned ids need not be paged through.
SELECT coalesce(min(id), 1) FROM suppression

-- suppressions --
-- One window of ids, so that a filter that matches little does not read on and on while a writer waits.
SELECT record, recipient, reason, rule, record_type, category, status, diagnostic, originator, job_id, occurred_at,
    subscriber
FROM suppression
WHERE id > :after AND id <= :through
    AND (:domain IS NULL OR substr(recipient, -length(:domain) - 1) = '@' || lower(:domain))
    AND (:reason IS NULL OR reason = :reason)
    AND (:category IS NULL OR category = :category)
    AND (:match IS NULL OR instr(lower(diagnostic), lower(:match)) > 0)
    AND (:is_undone IS NULL OR (undone_at IS NOT NULL) = :is_undone)
    AND (:since IS NULL OR coalesce(occurred_at, recorded_at) >= :since)
    AND (:until IS NULL OR coalesce(occurred_at, recorded_at) < :until)
ORDER BY id

-- suppressions_of_recipient --
-- A page of one recipient's suppressions, found id bucket by id bucket.
SELECT record, recipient, reason, rule, record_type, category, status, diagnostic, originator, job_id, occurred_at,
    subscriber, id
FROM id_bucket
CROSS JOIN suppression AS s INDEXED BY suppression_subject ON s.id / 8192 = id_bucket.number AND s.recipient = :recipient
WHERE id > :after
    AND (:domain IS NULL OR substr(recipient, -length(:domain) - 1) = '@' || lower(:domain))
    AND (:reason IS NULL OR reason = :reason)
    AND (:category IS NULL OR category = :category)
    AND (:match IS NULL OR instr(lower(diagnostic), lower(:match)) > 0)
    AND (:is_undone IS NULL OR (undone_at IS NOT NULL) = :is_undone)
    AND (:since IS NULL OR coalesce(occurred_at, recorded_at) >= :since)
    AND (:until IS NULL OR coalesce(occurred_at, recorded_at) < :until)
ORDER BY id
LIMIT :limit

-- active_suppressions --
-- A subject's suppressions that were not undone, newest first, and whether any of each is held.
SELECT s.record, s.reason, s.diagnostic, s.occurred_at,
    EXISTS (SELECT 1 FROM dispatch AS d INDEXED BY dispatch_of_suppression WHERE d.suppression = s.id AND d.state = 'held')
FROM id_bucket
CROSS JOIN suppression AS s INDEXED BY suppression_subject ON s.id / 8192 = id_bucket.number AND s.recipient = :subject
WHERE s.undone_at IS NULL
ORDER BY s.id DESC
LIMIT :limit

-- active_suppressions_at --
-- Active suppressions by one record, or by records whose ids begin alike, which are of the same second.
SELECT s.record, s.reason, s.diagnostic, s.occurred_at,
    EXISTS (SELECT 1 FROM dispatch AS d INDEXED BY dispatch_of_suppression WHERE d.suppression = s.id AND d.state = 'held')
FROM suppression AS s INDEXED BY suppression_record
WHERE s.record >= :beginning AND s.record < :beginning || 'g' AND s.recipient = :subject AND s.undone_at IS NULL
ORDER BY s.id DESC

-- dead_letters --
-- A page of dead letters, or of dropped ones, each with its last answer.
SELECT d.id, d.provider, d.attempts, d.settled_at,
    coalesce((SELECT a.answer FROM attempt AS a WHERE a.dispatch = d.id ORDER BY a.number DESC LIMIT 1), ''),
    CASE WHEN :is_dropped THEN coalesce(d.note, '') ELSE '' END,
    s.record, s.recipient, s.reason, s.rule, s.record_type, s.category, s.status, s.diagnostic, s.originator, s.job_id,
    s.occurred_at, s.subscriber
FROM dispatch AS d
CROSS JOIN suppression AS s ON s.id = d.suppression
WHERE d.id IN (
    SELECT id FROM dispatch INDEXED BY dispatch_dead
    WHERE NOT :is_dropped AND state = 'dead' AND id > :after AND id <= :through
    UNION ALL
    SELECT id FROM dispatch INDEXED BY dispatch_dropped
    WHERE :is_dropped AND outcome = 'dropped' AND id > :after AND id <= :through
)
    AND (:provider IS NULL OR d.provider = :provider)
    AND (:recipient IS NULL OR s.recipient = :recipient)
    AND (:domain IS NULL OR substr(s.recipient, -length(:domain) - 1) = '@' || lower(:domain))
    AND (:reason IS NULL OR s.reason = :reason)
    AND (:since IS NULL OR coalesce(s.occurred_at, s.recorded_at) >= :since)
    AND (:until IS NULL OR coalesce(s.occurred_at, s.recorded_at) < :until)
    AND (:died_since IS NULL OR d.settled_at >= :died_since)
    AND (:died_until IS NULL OR d.settled_at < :died_until)
ORDER BY d.id

-- dead_letters_page --
-- Where the next page ends, whatever the filter leaves of it; NULL: there is none.
SELECT max(id) FROM (
    SELECT id FROM dispatch INDEXED BY dispatch_dead WHERE state = 'dead' AND id > :after ORDER BY id LIMIT :limit
)

-- dropped_dead_letters_page --
-- Where the next page ends; NULL: there is none.
SELECT max(id) FROM (
    SELECT id FROM dispatch INDEXED BY dispatch_dropped WHERE outcome = 'dropped' AND id > :after ORDER BY id LIMIT :limit
)

-- dead_letter_retry --
-- Make a dead letter due, with a new retry schedule.
UPDATE dispatch SET state = 'pending', due_at = :now, retry_index = 0, claim = NULL, settled_at = NULL
WHERE id = :id AND state = 'dead'

-- dead_letter_drop --
-- Settle a dead letter without a call.
UPDATE dispatch SET state = 'done', outcome = 'dropped', note = :reason, settled_at = :now WHERE id = :id AND state = 'dead'

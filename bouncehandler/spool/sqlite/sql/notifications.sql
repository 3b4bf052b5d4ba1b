-- notice_insert --
-- Queue a notice.
INSERT INTO notice (kind, at, about) VALUES (:kind, :now, :about)

-- notices_due --
-- The newest notice, if notices are due and unclaimed. A time too far ahead is from before the clock was set back.
SELECT newest.id
FROM notice_queue AS p
CROSS JOIN (SELECT max(id) AS id FROM notice) AS newest
WHERE newest.id > p.sent_through
    AND (p.claimed_until <= :now OR p.claimed_until > :now + :longest)
    AND (p.sent_at IS NULL OR p.sent_at > :now OR p.sent_at + :every <= :now)

-- notices_claim --
-- Claim the queued notices.
UPDATE notice_queue SET claim = :claim, claimed_until = :until

-- notices_read --
-- A page of claimed notices.
SELECT id, kind, at, about FROM notice
WHERE id > max(:after, (SELECT sent_through FROM notice_queue)) AND id <= :through
ORDER BY id
LIMIT :limit

-- notices_sent --
-- Note the sent notices, if the claim still holds.
UPDATE notice_queue SET sent_through = max(sent_through, :through) WHERE claim = :claim

-- notices_all_sent --
-- End the claim with the last notice.
UPDATE notice_queue SET sent_at = :now, claim = NULL, claimed_until = 0 WHERE claim = :claim

-- notices_delete --
-- Delete some of the sent notices.
DELETE FROM notice WHERE id IN (
    SELECT id FROM notice WHERE id <= (SELECT sent_through FROM notice_queue) ORDER BY id LIMIT :limit
)

-- notices_postpone --
-- Give the claim back, and keep every process from it until a time.
UPDATE notice_queue SET claim = NULL, claimed_until = :until WHERE claim = :claim

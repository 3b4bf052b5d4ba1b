-- erasure_insert --
-- Keep the keyed hash of an erased subject.
INSERT INTO erased_subject (name, erased_at, asked_by) VALUES (:name, :now, :asked_by)
ON CONFLICT (name) DO UPDATE SET erased_at = :now, asked_by = :asked_by

-- erasure_rows --
-- A subject's suppressions, and whether a call is still to be made for each, which needs the address.
SELECT s.id, s.record, s.subscriber, EXISTS (
    SELECT 1 FROM dispatch AS d INDEXED BY dispatch_of_suppression WHERE d.suppression = s.id AND d.state <> 'done'
)
FROM id_bucket
CROSS JOIN suppression AS s INDEXED BY suppression_subject ON s.id / 8192 = id_bucket.number AND s.recipient = :subject

-- erasure_attempts --
-- Answers may name the subject.
UPDATE attempt SET answer = ''
WHERE dispatch IN (SELECT id FROM dispatch INDEXED BY dispatch_of_suppression WHERE suppression = :id)

-- erasure_notes --
-- So may notes; and its hash is that of the address.
UPDATE dispatch SET note = '', subject_hash = NULL WHERE suppression = :id

-- erasure_events --
-- So may the details of events.
UPDATE event SET detail = '' WHERE suppression = :id

-- erasure_event --
-- Keep in the history that it was erased, and by whom.
INSERT INTO event (suppression, at, event, asked_by) VALUES (:id, :now, 'forgotten', :asked_by)

-- erasure_suppression --
-- Replace whatever identifies the subject; VERP senders hold the recipient.
UPDATE OR REPLACE suppression SET recipient = :name, record = :record, diagnostic = '', originator = '', subscriber = ''
WHERE id = :id

-- erasure_soft_bounces --
-- Soft bounces are deleted: no suppression is lost with them.
DELETE FROM soft_bounce WHERE id IN (
    SELECT s.id FROM soft_bounce_day AS d CROSS JOIN soft_bounce AS s ON s.day = d.day AND s.recipient = :subject
)

-- erasure_delivery --
-- So does the latest delivery.
DELETE FROM delivery WHERE recipient = :subject

-- erasure_notices --
-- Queued notices are emptied, not deleted, since their ids are counted without gaps.
UPDATE notice SET about = '{}' WHERE instr(lower(about), :subject) > 0

-- erasure_examples --
-- A spike's example may be of the subject.
UPDATE spike SET example = '' WHERE instr(lower(example), :subject) > 0

-- erasure_defer --
-- Erase a subject later, after its calls.
INSERT OR IGNORE INTO pending_erasure (subject) VALUES (:subject)

-- erasure_finish --
-- Nothing more is to be erased.
DELETE FROM pending_erasure WHERE subject = :subject

-- erasure_pending --
-- The subjects that wait for erasure.
SELECT subject FROM pending_erasure

-- erasure_asked_by --
-- The login name that first asked for an erasure.
SELECT asked_by FROM erased_subject WHERE name = :name

-- erasure_count --
-- A version of the names: it changes with every erasure, and each process then reads them anew.
SELECT count(*), max(erased_at) FROM erased_subject

-- erasure_names --
-- The hashes of all erased subjects.
SELECT name FROM erased_subject

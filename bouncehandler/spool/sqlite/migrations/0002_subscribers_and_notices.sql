-- Suppressions of people whose address a reporter hid, and word to the postmaster.

-- 'mailwizz:LIST:SUBSCRIBER:CAMPAIGN', '' where no ids are known. Where only they are, `recipient` is
-- 'mailwizz:LIST/SUBSCRIBER', which no address looks like: the same person is the same piece of work.
ALTER TABLE suppression ADD COLUMN subscriber TEXT NOT NULL DEFAULT '';

CREATE TABLE notice (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    kind  TEXT NOT NULL,
    at    REAL NOT NULL,
    about TEXT NOT NULL                        -- a JSON object of texts
) STRICT;

-- One row: who is sending notices, and when the last were sent. After a failure `claimed_until` is when to try again.
-- `sent_upto` is the newest notice that was sent; those up to it are deleted bit by bit.
CREATE TABLE post (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    sent_at       REAL,
    sent_upto     INTEGER NOT NULL DEFAULT 0,
    claim         TEXT,
    claimed_until REAL NOT NULL DEFAULT 0
) STRICT;

INSERT INTO post (id) VALUES (1);

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

-- One row: who is sending notices, and when the last were sent.
CREATE TABLE post (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    sent_at       REAL,
    claim         TEXT,
    claimed_until REAL NOT NULL DEFAULT 0      -- after a failure: when to try again
) STRICT;

INSERT INTO post (id) VALUES (1);

-- Spikes of hard bounces: what is usual at each receiving mailbox_provider, and what is held since it is not.

-- Hard bounces by mailbox_provider, by slot of 300 seconds of the records' own time, and by what their diagnostics have in common;
-- mailbox_provider '*' is the sum of all. `held`: of these, those that are held in a spike, or were discarded: no evidence of what
-- is usual.
CREATE TABLE hard_bounce (
    mailbox_provider TEXT NOT NULL,
    slot     INTEGER NOT NULL,
    fingerprint    TEXT NOT NULL,
    bounces  INTEGER NOT NULL,
    held     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (mailbox_provider, slot, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE INDEX hard_bounce_slot ON hard_bounce (slot);

CREATE TABLE spike (
    id         INTEGER PRIMARY KEY,
    mailbox_provider   TEXT NOT NULL,
    fingerprint      TEXT NOT NULL,
    since_slot INTEGER NOT NULL,
    last_slot  INTEGER NOT NULL,
    opened_at  REAL NOT NULL,
    told_at    REAL NOT NULL,              -- when the postmaster was last told
    bounces    INTEGER NOT NULL,           -- when it was noticed: so many, where so many were expected
    expected   REAL NOT NULL,
    example    TEXT NOT NULL,              -- a diagnostic
    verdict    TEXT                        -- NULL: nobody has decided; else released or discarded
) STRICT;

CREATE INDEX spike_of ON spike (mailbox_provider, fingerprint);

-- A number that stands for mailbox_provider and fingerprint; NULL: it takes no part in spikes.
ALTER TABLE suppression ADD COLUMN kind INTEGER;

ALTER TABLE dispatch ADD COLUMN spike INTEGER;
CREATE INDEX dispatch_of_wave ON dispatch (spike, id) WHERE state = 'held';

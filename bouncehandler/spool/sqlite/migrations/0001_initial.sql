-- Suppressions, what is owed to whom, every attempt, and which provider is held. Times are seconds since the epoch.

CREATE TABLE suppression (
    id          INTEGER PRIMARY KEY,       -- in the order of recording; the hash as primary key was three times slower
    record      TEXT NOT NULL,             -- Suppression.id
    recipient   TEXT NOT NULL,
    reason      TEXT NOT NULL DEFAULT '',
    rule        TEXT NOT NULL DEFAULT '',
    record_type TEXT NOT NULL DEFAULT '',
    category    TEXT NOT NULL DEFAULT '',
    status      TEXT NOT NULL DEFAULT '',
    diagnostic  TEXT NOT NULL DEFAULT '',  -- at most 4,096 characters
    originator  TEXT NOT NULL DEFAULT '',
    job_id      TEXT NOT NULL DEFAULT '',
    occurred_at INTEGER,                   -- NULL: the record had no time
    wanted_by   TEXT NOT NULL DEFAULT '',  -- the providers that wanted it when it was recorded: 'crm,news'
    recorded_at REAL NOT NULL
) STRICT;

-- Finds a recipient's suppressions and keeps each record once: the recipient is part of what a record's id is a hash of,
-- so the same record has the same recipient. Keys in random order touch a page each, so there is one such index, not two.
CREATE UNIQUE INDEX suppression_recipient ON suppression (recipient, record);

CREATE TABLE dispatch (
    id          INTEGER PRIMARY KEY,
    suppression INTEGER NOT NULL REFERENCES suppression,
    provider    TEXT NOT NULL,
    state       TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'claimed', 'held', 'done', 'dead')),
    due_at      REAL NOT NULL,             -- claimed: when the claim ends
    recorded_at REAL NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    step        INTEGER NOT NULL DEFAULT 0,
    claim       TEXT,                      -- the token of the latest claim
    outcome     TEXT,                      -- done: unsubscribed, already, unknown, repeat or dropped
    lists       TEXT,                      -- done by a call: the changed lists, as JSON
    note        TEXT,
    settled_at  REAL                       -- done, dead
) STRICT;

CREATE UNIQUE INDEX dispatch_owed ON dispatch (suppression, provider);

-- The queue: it holds only what waits, so it is as quick with ten million done rows as with none. Each of these ends with
-- the state, so that counting reads the index alone.
CREATE INDEX dispatch_waiting ON dispatch (provider, due_at, id, state) WHERE state IN ('pending', 'claimed');
CREATE INDEX dispatch_held ON dispatch (provider, id, state) WHERE state = 'held';
CREATE INDEX dispatch_dead ON dispatch (id, provider, state) WHERE state = 'dead';

CREATE TABLE attempt (
    dispatch   INTEGER NOT NULL REFERENCES dispatch,
    number     INTEGER NOT NULL,
    started_at REAL NOT NULL,
    seconds    REAL NOT NULL,
    result     TEXT NOT NULL,
    answer     TEXT NOT NULL,              -- at most 512 characters
    PRIMARY KEY (dispatch, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE provider (
    name     TEXT PRIMARY KEY,
    held     INTEGER NOT NULL DEFAULT 0,
    reason   TEXT NOT NULL DEFAULT '',
    since    REAL,
    probe_at REAL,
    done     INTEGER NOT NULL DEFAULT 0    -- kept by the trigger: counting would read every row
) STRICT, WITHOUT ROWID;

CREATE TRIGGER dispatch_done AFTER UPDATE OF state ON dispatch WHEN new.state = 'done' AND old.state <> 'done'
BEGIN
    INSERT INTO provider (name, done) VALUES (new.provider, 1) ON CONFLICT (name) DO UPDATE SET done = done + 1;
END;

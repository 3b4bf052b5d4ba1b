-- The spool: suppressions, the dispatches to their providers, every attempt, and the counts kept beside them.
-- Times are REAL seconds since the epoch by the spool's clock; INTEGER ones are the records' own times.

CREATE TABLE suppression (
    id               INTEGER PRIMARY KEY,       -- in the order of recording; the hash as primary key was three times slower
    record           TEXT NOT NULL,             -- Suppression.id, which begins with the record's time
    recipient        TEXT NOT NULL,             -- the subject: an address; 'mailwizz:LIST/SUBSCRIBER' where only ids are known
    reason           TEXT NOT NULL DEFAULT '',
    rule             TEXT NOT NULL DEFAULT '',
    record_type      TEXT NOT NULL DEFAULT '',
    category         TEXT NOT NULL DEFAULT '',
    status           TEXT NOT NULL DEFAULT '',
    diagnostic       TEXT NOT NULL DEFAULT '',  -- at most 4,096 characters
    originator       TEXT NOT NULL DEFAULT '',
    job_id           TEXT NOT NULL DEFAULT '',
    occurred_at      INTEGER,                   -- NULL: the record had no time
    subscriber       TEXT NOT NULL DEFAULT '',  -- 'mailwizz:LIST:SUBSCRIBER:CAMPAIGN'; '' where no ids are known
    routed_to        TEXT NOT NULL DEFAULT '',  -- the target providers when it was recorded: 'crm,news'
    recorded_at      REAL NOT NULL,
    fingerprint_hash INTEGER,                   -- of mailbox provider and fingerprint; NULL: it takes no part in spikes
    undone_at        REAL                       -- from then on it does not count against the subject
) STRICT;

-- Keeps each record once: a record's id is a hash of the recipient, too. The id begins with the record's time,
-- so that new rows lie side by side: with the recipient in front, a page of its own for each took four fifths of the time.
CREATE UNIQUE INDEX suppression_record ON suppression (record, recipient);

-- Finds a subject's suppressions, id bucket by id bucket: 8,192 ids each, in the order of recording. With ten million rows
-- that takes 3 to 5 ms, enough for a person who asks; claims, which come by the thousand, use the indexes of `dispatch`.
CREATE INDEX suppression_subject ON suppression (id / 8192, recipient);

-- Finds complaints and unsubscribe requests, of which the one that waits longest is watched.
CREATE INDEX suppression_request ON suppression (id) WHERE reason IN ('complaint', 'unsubscribe');

-- The id buckets from the oldest suppression to the newest.
CREATE VIEW id_bucket (number) AS
WITH RECURSIVE buckets (number) AS (
    SELECT min(id) / 8192 FROM suppression
    UNION ALL
    SELECT number + 1 FROM buckets WHERE number < (SELECT max(id) / 8192 FROM suppression)
)
SELECT number FROM buckets;

-- One row. Ids are given without gaps, and the newest suppression is never removed, so the last id without these is how
-- many there are: counting would read every row.
CREATE TABLE pruned (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    suppressions INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO pruned (id) VALUES (1);

CREATE TRIGGER suppression_pruned AFTER DELETE ON suppression
BEGIN
    UPDATE pruned SET suppressions = suppressions + 1;
END;

-- Events of a suppression after it was recorded: undone, released, forgotten, ...
CREATE TABLE event (
    id          INTEGER PRIMARY KEY,
    suppression INTEGER NOT NULL REFERENCES suppression,
    provider    TEXT NOT NULL DEFAULT '',       -- '' where it concerns all of them
    at          REAL NOT NULL,
    event       TEXT NOT NULL,
    asked_by    TEXT NOT NULL DEFAULT '',       -- a login name, or the setting that decided
    detail      TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX event_suppression ON event (suppression);

CREATE TABLE dispatch (
    id           INTEGER PRIMARY KEY,
    suppression  INTEGER NOT NULL REFERENCES suppression,
    provider     TEXT NOT NULL,
    -- Comparisons, not IN: for each row that it checks SQLite makes a table of the values behind IN, which took half of
    -- the time in which a dispatch is inserted.
    state        TEXT NOT NULL DEFAULT 'pending' CHECK (
        state = 'pending' OR state = 'claimed' OR state = 'held' OR state = 'done' OR state = 'dead'
    ),
    due_at       REAL NOT NULL,                 -- claimed: when the claim ends
    recorded_at  REAL NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    retry_index  INTEGER NOT NULL DEFAULT 0,    -- waits of the retry schedule that are used up
    claim        TEXT,                          -- the token of the latest claim
    outcome      TEXT,                          -- done: unsubscribed, already, unknown, repeat, dropped, undone, ...
    lists        TEXT,                          -- the lists that calls have changed, as JSON
    note         TEXT,
    settled_at   REAL,                          -- done, dead
    undoing      INTEGER NOT NULL DEFAULT 0,    -- 1: its call restores `lists`; 2: undone while a call is under way
    spike        INTEGER,                       -- held: the spike that it is held with
    subject_hash INTEGER                        -- of the recipient, since a claim first looked at it; NULL once erased
) STRICT;

CREATE UNIQUE INDEX dispatch_of_suppression ON dispatch (suppression, provider);

-- The queue of waiting dispatches, as quick with ten million done rows as with none. Each of these three ends
-- with the state, so that counting reads the index alone.
CREATE INDEX dispatch_waiting ON dispatch (provider, due_at, id, state) WHERE state IN ('pending', 'claimed');
CREATE INDEX dispatch_held ON dispatch (provider, id, state) WHERE state = 'held';
CREATE INDEX dispatch_dead ON dispatch (id, provider, state) WHERE state = 'dead';

CREATE INDEX dispatch_dropped ON dispatch (id) WHERE outcome = 'dropped';
CREATE INDEX dispatch_of_spike ON dispatch (spike, id) WHERE state = 'held';

-- Turns: unsettled dispatches that were claimed, or wait behind a claimed one.
CREATE INDEX dispatch_turn ON dispatch (provider, subject_hash)
    WHERE subject_hash IS NOT NULL AND state IN ('pending', 'claimed');

-- Whether a subject was carried out lately, by day (since 1970-01-01, UTC).
CREATE INDEX dispatch_carried_out ON dispatch (provider, CAST(settled_at / 86400 AS INTEGER), subject_hash)
    WHERE state = 'done' AND outcome IN ('unsubscribed', 'already');

CREATE TABLE attempt (
    dispatch   INTEGER NOT NULL REFERENCES dispatch,
    number     INTEGER NOT NULL,
    started_at REAL NOT NULL,
    seconds    REAL NOT NULL,
    result     TEXT NOT NULL,
    answer     TEXT NOT NULL,                   -- at most 512 characters
    PRIMARY KEY (dispatch, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE provider (
    name     TEXT PRIMARY KEY,
    held     INTEGER NOT NULL DEFAULT 0,
    reason   TEXT NOT NULL DEFAULT '',          -- why it is held
    since    REAL,
    probe_at REAL,                              -- when a process may next try whether it is back
    done     INTEGER NOT NULL DEFAULT 0         -- its done dispatches, kept by the triggers: counting would read every row
) STRICT, WITHOUT ROWID;

CREATE TRIGGER dispatch_done AFTER UPDATE OF state ON dispatch WHEN new.state = 'done' AND old.state <> 'done'
BEGIN
    INSERT INTO provider (name, done) VALUES (new.provider, 1) ON CONFLICT (name) DO UPDATE SET done = done + 1;
END;

CREATE TRIGGER dispatch_reopened AFTER UPDATE OF state ON dispatch WHEN old.state = 'done' AND new.state <> 'done'
BEGIN
    UPDATE provider SET done = done - 1 WHERE name = new.provider;
END;

CREATE TRIGGER dispatch_pruned AFTER DELETE ON dispatch WHEN old.state = 'done'
BEGIN
    UPDATE provider SET done = done - 1 WHERE name = old.provider;
END;

-- One a recipient and day (days since 1970-01-01, UTC): the latest of that day. Rows lie in the order in which they came,
-- with one index by day, so that an insert touches few pages: by recipient each touched a page of its own.
CREATE TABLE soft_bounce (
    id             INTEGER PRIMARY KEY,
    day            INTEGER NOT NULL,
    recipient      TEXT NOT NULL,
    occurred_at    INTEGER NOT NULL,
    record         TEXT NOT NULL,               -- its Suppression.id if it suppressed alone
    suppress_after INTEGER NOT NULL,            -- so many days with a bounce suppress,
    within         INTEGER NOT NULL,            -- within so many seconds
    rule           TEXT NOT NULL,
    record_type    TEXT NOT NULL,
    category       TEXT NOT NULL,
    status         TEXT NOT NULL,
    diagnostic     TEXT NOT NULL,               -- at most 300 characters
    originator     TEXT NOT NULL,
    job_id         TEXT NOT NULL,
    routed_to      TEXT NOT NULL,
    counted_in     TEXT,                        -- the record of the suppression that it is counted in: it counts in no other
    recorded_at    REAL NOT NULL
) STRICT;

CREATE UNIQUE INDEX soft_bounce_by_day ON soft_bounce (day, recipient);
CREATE INDEX soft_bounce_recorded ON soft_bounce (recorded_at);

-- The days that have bounces; each is looked up, not counted out.
CREATE VIEW soft_bounce_day (day) AS
WITH RECURSIVE days (day) AS (
    SELECT min(day) FROM soft_bounce
    UNION ALL
    SELECT (SELECT min(b.day) FROM soft_bounce AS b WHERE b.day > days.day) FROM days WHERE days.day IS NOT NULL
)
SELECT day FROM days WHERE day IS NOT NULL;

-- One row: the longest `within` of any bounce so far. Bounces further apart never count together.
CREATE TABLE soft_bounce_window (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    within INTEGER NOT NULL
) STRICT;

INSERT INTO soft_bounce_window (id, within) VALUES (1, 0);

-- The latest delivery to each recipient: soft bounces before it do not count.
CREATE TABLE delivery (
    recipient    TEXT PRIMARY KEY,
    delivered_at INTEGER NOT NULL,
    recorded_at  REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_recorded ON delivery (recorded_at);

-- Hard bounces by mailbox provider, slot (300 seconds of the records' own time) and fingerprint.
CREATE TABLE hard_bounce (
    mailbox_provider TEXT NOT NULL,             -- '*': the sum of all
    slot             INTEGER NOT NULL,
    fingerprint      TEXT NOT NULL,
    bounces          INTEGER NOT NULL,
    held             INTEGER NOT NULL DEFAULT 0,  -- held in a spike, or discarded: no evidence for the baseline
    PRIMARY KEY (mailbox_provider, slot, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE INDEX hard_bounce_slot ON hard_bounce (slot);

CREATE TABLE spike (
    id               INTEGER PRIMARY KEY,
    mailbox_provider TEXT NOT NULL,
    fingerprint      TEXT NOT NULL,
    since_slot       INTEGER NOT NULL,
    last_slot        INTEGER NOT NULL,
    opened_at        REAL NOT NULL,
    notified_at      REAL NOT NULL,             -- the latest notice to the postmaster
    bounces          INTEGER NOT NULL,          -- when it was detected
    expected         REAL NOT NULL,             -- by the baseline
    example          TEXT NOT NULL,             -- a diagnostic
    verdict          TEXT                       -- NULL: undecided; else released or discarded
) STRICT;

CREATE INDEX spike_of_fingerprint ON spike (mailbox_provider, fingerprint);

-- Subjects whose data was erased. The key of the hash lies in a file beside the spool.
CREATE TABLE erased_subject (
    name      TEXT PRIMARY KEY,                 -- 'forgotten:' and a keyed hash; it replaces the recipient in rows that are kept
    erased_at REAL NOT NULL,
    asked_by  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Subjects that are still needed for a call, and are erased as soon as nothing is to be done for them.
CREATE TABLE pending_erasure (
    subject TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- At most 200 values a dimension of an hour and a kind; another value is counted under '(others)', so that an open
-- set fills no disk.
CREATE TABLE hourly_count (
    hour      INTEGER NOT NULL,                 -- of the records' own time, since the epoch
    kind      TEXT NOT NULL,
    verdict   TEXT NOT NULL,
    dimension TEXT NOT NULL,                    -- '': all records together; their value is ''
    value     TEXT NOT NULL,
    number    INTEGER NOT NULL,
    PRIMARY KEY (hour, kind, verdict, dimension, value)
) STRICT, WITHOUT ROWID;

-- Counters that only grow. All sets of labels are closed and small.
CREATE TABLE metric_counter (
    name   TEXT NOT NULL,
    labels TEXT NOT NULL,                       -- a JSON list of names and values
    number REAL NOT NULL,
    PRIMARY KEY (name, labels)
) STRICT, WITHOUT ROWID;

CREATE TABLE notice (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    kind  TEXT NOT NULL,
    at    REAL NOT NULL,
    about TEXT NOT NULL                         -- a JSON object of texts
) STRICT;

-- One row: which process sends notices, and when the last ones were sent.
CREATE TABLE notice_queue (
    id             INTEGER PRIMARY KEY CHECK (id = 1),
    sent_at        REAL,
    sent_through   INTEGER NOT NULL DEFAULT 0,  -- the newest notice that was sent; the ones up to it are deleted bit by bit
    claim          TEXT,
    claimed_until  REAL NOT NULL DEFAULT 0,     -- after a failure: when to try again
    reported_until REAL NOT NULL DEFAULT 0      -- the end of the last report by mail; the next one is queued once
) STRICT;

INSERT INTO notice_queue (id) VALUES (1);

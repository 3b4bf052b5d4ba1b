-- The states that a dispatch may have are told by comparisons: SQLite makes a table of its own of what stands behind IN, for
-- each row that it checks anew, which took half of the time in which a dispatch is written down.

CREATE TABLE dispatch_checked (
    id          INTEGER PRIMARY KEY,
    suppression INTEGER NOT NULL REFERENCES suppression,
    provider    TEXT NOT NULL,
    state       TEXT NOT NULL DEFAULT 'pending' CHECK (
        state = 'pending' OR state = 'claimed' OR state = 'held' OR state = 'done' OR state = 'dead'
    ),
    due_at      REAL NOT NULL,             -- claimed: when the claim ends
    recorded_at REAL NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    step        INTEGER NOT NULL DEFAULT 0,
    claim       TEXT,                      -- the token of the latest claim
    outcome     TEXT,                      -- done: unsubscribed, already, unknown, repeat or dropped
    lists       TEXT,                      -- done by a call: the changed lists, as JSON
    note        TEXT,
    settled_at  REAL,                      -- done, dead
    undoing     INTEGER NOT NULL DEFAULT 0,
    spike        INTEGER,
    person      INTEGER
) STRICT;

INSERT INTO dispatch_checked
SELECT
    id, suppression, provider, state, due_at, recorded_at, attempts, step, claim, outcome, lists, note, settled_at,
    undoing, spike, person
FROM dispatch ORDER BY id;

DROP TABLE dispatch;
ALTER TABLE dispatch_checked RENAME TO dispatch;

-- As they were.
CREATE UNIQUE INDEX dispatch_owed ON dispatch (suppression, provider);
CREATE INDEX dispatch_waiting ON dispatch (provider, due_at, id, state) WHERE state IN ('pending', 'claimed');
CREATE INDEX dispatch_held ON dispatch (provider, id, state) WHERE state = 'held';
CREATE INDEX dispatch_dead ON dispatch (id, provider, state) WHERE state = 'dead';
CREATE INDEX dispatch_dropped ON dispatch (id) WHERE outcome = 'dropped';
CREATE INDEX dispatch_of_wave ON dispatch (spike, id) WHERE state = 'held';
CREATE INDEX dispatch_turn ON dispatch (provider, person) WHERE person IS NOT NULL AND state IN ('pending', 'claimed');
CREATE INDEX dispatch_carried_out ON dispatch (provider, CAST(settled_at / 86400 AS INTEGER), person)
    WHERE state = 'done' AND outcome IN ('unsubscribed', 'already');

CREATE TRIGGER dispatch_done AFTER UPDATE OF state ON dispatch WHEN new.state = 'done' AND old.state <> 'done'
BEGIN
    INSERT INTO provider (name, done) VALUES (new.provider, 1) ON CONFLICT (name) DO UPDATE SET done = done + 1;
END;

CREATE TRIGGER dispatch_pruned AFTER DELETE ON dispatch WHEN old.state = 'done'
BEGIN
    UPDATE provider SET done = done - 1 WHERE name = old.provider;
END;

CREATE TRIGGER dispatch_reopened AFTER UPDATE OF state ON dispatch WHEN old.state = 'done' AND new.state <> 'done'
BEGIN
    UPDATE provider SET done = done - 1 WHERE name = new.provider;
END;

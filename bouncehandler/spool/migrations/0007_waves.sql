-- Waves of hard bounces: what is usual at each receiving operator, and what is held since it is not.

-- Hard bounces by operator, by slot of 300 seconds of the records' own time, and by what their diagnostics have in common;
-- operator '*' is the sum of all. `held`: of these, those that are held in a wave, or were discarded: no evidence of what
-- is usual.
CREATE TABLE hard_bounce (
    operator TEXT NOT NULL,
    slot     INTEGER NOT NULL,
    shape    TEXT NOT NULL,
    bounces  INTEGER NOT NULL,
    held     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (operator, slot, shape)
) STRICT, WITHOUT ROWID;

CREATE INDEX hard_bounce_slot ON hard_bounce (slot);

CREATE TABLE wave (
    id         INTEGER PRIMARY KEY,
    operator   TEXT NOT NULL,
    shape      TEXT NOT NULL,
    since_slot INTEGER NOT NULL,
    last_slot  INTEGER NOT NULL,
    opened_at  REAL NOT NULL,
    told_at    REAL NOT NULL,              -- when the postmaster was last told
    bounces    INTEGER NOT NULL,           -- when it was noticed: so many, where so many were expected
    expected   REAL NOT NULL,
    example    TEXT NOT NULL,              -- a diagnostic
    verdict    TEXT                        -- NULL: nobody has decided; else released or discarded
) STRICT;

CREATE INDEX wave_of ON wave (operator, shape);

-- A number that stands for operator and shape; NULL: it takes no part in waves.
ALTER TABLE suppression ADD COLUMN kind INTEGER;

ALTER TABLE dispatch ADD COLUMN wave INTEGER;
CREATE INDEX dispatch_of_wave ON dispatch (wave, id) WHERE state = 'held';

-- What was read, in figures: by hour and by what the records have in common. And what was done since this spool began.

-- `hour`: of the records' own time, since the epoch. `dimension` '' is the whole, and its value is ''. At most 200 names a
-- dimension of an hour and a kind; what has another name is counted under '(others)', so that an open set fills no disk.
CREATE TABLE figures (
    hour      INTEGER NOT NULL,
    kind      TEXT NOT NULL,
    verdict   TEXT NOT NULL,
    dimension TEXT NOT NULL,
    value     TEXT NOT NULL,
    number    INTEGER NOT NULL,
    PRIMARY KEY (hour, kind, verdict, dimension, value)
) STRICT, WITHOUT ROWID;

-- Counters that only grow, for metrics; `labels` is a JSON list of names and values. All sets are closed and small.
CREATE TABLE totals (
    name   TEXT NOT NULL,
    labels TEXT NOT NULL,
    number REAL NOT NULL,
    PRIMARY KEY (name, labels)
) STRICT, WITHOUT ROWID;

-- Finds those who asked themselves not to be mailed, of whom the one that waits longest is watched.
CREATE INDEX suppression_asked ON suppression (id) WHERE reason IN ('complaint', 'unsubscribe');

-- Soft bounces: one a recipient and day (days since 1970-01-01, UTC), the latest of that day; and the latest delivery of
-- each recipient. `at` is the records' time, seconds since the epoch. So many (`suppress_after`) within so many seconds
-- (`within`) suppress. `record` is what the bounce's id would be if it suppressed alone; `diagnostic` is at most 300
-- characters; `spent` is the suppression that the bounce is counted in: it counts in no other.

CREATE TABLE soft_bounce (
    recipient      TEXT NOT NULL,
    day            INTEGER NOT NULL,
    at             INTEGER NOT NULL,
    record         TEXT NOT NULL,
    suppress_after INTEGER NOT NULL,
    within         INTEGER NOT NULL,
    rule           TEXT NOT NULL,
    record_type    TEXT NOT NULL,
    category       TEXT NOT NULL,
    status         TEXT NOT NULL,
    diagnostic     TEXT NOT NULL,
    originator     TEXT NOT NULL,
    job_id         TEXT NOT NULL,
    wanted_by      TEXT NOT NULL,
    spent          TEXT,
    seen_at        REAL NOT NULL,
    PRIMARY KEY (recipient, day)
) STRICT, WITHOUT ROWID;

CREATE INDEX soft_bounce_seen ON soft_bounce (seen_at);

CREATE TABLE delivery (
    recipient TEXT PRIMARY KEY,
    at        INTEGER NOT NULL,
    seen_at   REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_seen ON delivery (seen_at);

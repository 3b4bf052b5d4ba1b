-- What is written for one soft bounce lies in few pages, however many people have bounced before: bounces in the order in
-- which they came, and one index by day. Under their recipients each had a page of its own.

CREATE TABLE soft_bounce_by_day (
    id             INTEGER PRIMARY KEY,
    day            INTEGER NOT NULL,
    recipient      TEXT NOT NULL,
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
    seen_at        REAL NOT NULL
) STRICT;

INSERT INTO soft_bounce_by_day (
    day, recipient, at, record, suppress_after, within, rule, record_type, category, status, diagnostic, originator,
    job_id, wanted_by, spent, seen_at
)
SELECT
    day, recipient, at, record, suppress_after, within, rule, record_type, category, status, diagnostic, originator,
    job_id, wanted_by, spent, seen_at
FROM soft_bounce ORDER BY seen_at;

DROP TABLE soft_bounce;
ALTER TABLE soft_bounce_by_day RENAME TO soft_bounce;

CREATE UNIQUE INDEX soft_bounce_day ON soft_bounce (day, recipient);
CREATE INDEX soft_bounce_seen ON soft_bounce (seen_at);

-- The days of which there are bounces; each is looked up, not counted out.
CREATE VIEW counted_day (day) AS
WITH RECURSIVE days (day) AS (
    SELECT min(day) FROM soft_bounce
    UNION ALL
    SELECT (SELECT min(b.day) FROM soft_bounce AS b WHERE b.day > days.day) FROM days WHERE days.day IS NOT NULL
)
SELECT day FROM days WHERE day IS NOT NULL;

-- One row: the longest `within` that any bounce ever had. What is further away in time never counts together.
CREATE TABLE counting (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    within INTEGER NOT NULL
) STRICT;

INSERT INTO counting (id, within) SELECT 1, coalesce(max(within), 0) FROM soft_bounce;

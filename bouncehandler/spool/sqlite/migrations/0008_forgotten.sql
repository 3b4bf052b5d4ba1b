-- People whose data was erased: `name` is 'forgotten:' and a keyed hash of the address, and stands for the recipient in
-- every row that is kept. The key lies in a file beside the spool.
CREATE TABLE forgotten (
    name     TEXT PRIMARY KEY,
    at       REAL NOT NULL,
    asked_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Addresses that are still needed for a call, and erased as soon as nothing is to be done for them.
CREATE TABLE to_forget (
    person TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

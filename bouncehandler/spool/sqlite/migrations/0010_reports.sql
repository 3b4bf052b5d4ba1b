-- Until when the last report by mail told: the next one is queued once, by whichever process is first.
ALTER TABLE post ADD COLUMN reported_until REAL NOT NULL DEFAULT 0;

-- What was decided can be taken back: `undone_at` of a suppression says when; it then says nothing against the recipient.
ALTER TABLE suppression ADD COLUMN undone_at REAL;

-- 1: what waits is the call that restores what an earlier one changed (`lists`). 2: the undo came while a call was under way.
ALTER TABLE dispatch ADD COLUMN undoing INTEGER NOT NULL DEFAULT 0;

-- What people, and rules that act later, made of a suppression after it was recorded; `asked_by` is a person's login name.
CREATE TABLE event (
    id          INTEGER PRIMARY KEY,
    suppression INTEGER NOT NULL REFERENCES suppression,
    provider    TEXT NOT NULL DEFAULT '',
    at          REAL NOT NULL,
    event       TEXT NOT NULL,
    asked_by    TEXT NOT NULL DEFAULT '',
    detail      TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX event_suppression ON event (suppression);

CREATE TRIGGER dispatch_reopened AFTER UPDATE OF state ON dispatch WHEN old.state = 'done' AND new.state <> 'done'
BEGIN
    UPDATE provider SET done = done - 1 WHERE name = new.provider;
END;

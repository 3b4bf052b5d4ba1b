-- What was done long ago is removed: how much of it, so that nothing has to be counted; and dropped dead letters are found.

-- One row. Numbers of suppressions are given without gaps, and the newest is never removed, so the last number without
-- these is how many there are.
CREATE TABLE pruned (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    suppressions INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO pruned (id) VALUES (1);

CREATE TRIGGER suppression_pruned AFTER DELETE ON suppression
BEGIN
    UPDATE pruned SET suppressions = suppressions + 1;
END;

CREATE TRIGGER dispatch_pruned AFTER DELETE ON dispatch WHEN old.state = 'done'
BEGIN
    UPDATE provider SET done = done - 1 WHERE name = old.provider;
END;

CREATE INDEX dispatch_dropped ON dispatch (id) WHERE outcome = 'dropped';

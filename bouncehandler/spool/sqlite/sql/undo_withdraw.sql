-- It needs no call: nothing was changed, or another dispatch restores it.
UPDATE dispatch SET state = 'done', outcome = 'undone', undoing = 0, settled_at = :now WHERE id = :id

-- It was undone while the call was under way, which changed nothing that is known.
UPDATE dispatch SET state = 'done', outcome = 'undone', undoing = 0, settled_at = :now
WHERE id = :id AND claim = :claim AND state = 'claimed'

-- It has changed lists that can't be restored now, and makes no more calls; unlike `unsubscribed` that keeps no new record off.
UPDATE dispatch SET state = 'done', outcome = 'withdrawn', settled_at = :now WHERE id = :id

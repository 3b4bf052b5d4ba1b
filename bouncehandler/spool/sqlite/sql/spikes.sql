-- Those that hold something, or were noticed since then, oldest first.
SELECT w.id, w.mailbox_provider, w.fingerprint, w.since_slot, w.last_slot, w.opened_at, w.told_at, w.bounces, w.expected, w.example,
    w.verdict,
    (SELECT count(DISTINCT d.suppression) FROM dispatch AS d INDEXED BY dispatch_of_wave WHERE d.spike = w.id AND d.state = 'held')
FROM spike AS w
WHERE w.id = coalesce(:spike, w.id) AND w.mailbox_provider = coalesce(:mailbox_provider, w.mailbox_provider)
ORDER BY w.id

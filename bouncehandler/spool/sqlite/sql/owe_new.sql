-- One statement for all new suppressions that a provider wants, not one for each.
INSERT OR IGNORE INTO dispatch (suppression, provider, due_at, recorded_at)
SELECT id, :provider, :now, :now FROM suppression
WHERE id > :newest AND instr(recipient, '@') > 0
    AND (wanted_by = :provider OR instr(',' || wanted_by || ',', ',' || :provider || ',') > 0)
ORDER BY id

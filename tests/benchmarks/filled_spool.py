"""A spool with a history: filled by SQL, since the program itself would need an hour for ten million rows."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from bouncehandler.spool.sqlite.hashes import subject_hash
from bouncehandler.spool.sqlite.store import SqliteSpool
from tests.benchmarks.program import PROVIDER

_DAY = 86400.0

_FILL = """
WITH RECURSIVE counted (number) AS (VALUES (1) UNION ALL SELECT number + 1 FROM counted WHERE number < :rows)
INSERT INTO suppression (record, recipient, reason, rule, record_type, category, status, diagnostic, originator,
    routed_to, recorded_at)
SELECT printf('%08x%016x', :at, number), printf('jane.roe%08d@mail.example', number), 'bounce',
    'policy.bounce.bad-mailbox = "suppress"', 'b', 'bad-mailbox', '5.1.1',
    printf('smtp;550 5.1.1 <jane.roe%08d@mail.example>: rejected: no such user here', number),
    printf('b-%x@bounce.example.com', number), :provider, :at
FROM counted;
"""
_DONE = """
INSERT INTO dispatch (suppression, provider, state, due_at, recorded_at, attempts, claim, subject_hash, outcome, lists,
    settled_at)
SELECT id, :provider, 'done', :at, :at, 1, '0123456789abcdef', subject_hash(recipient), 'unsubscribed', '[]', :at
FROM suppression;
"""
_ATTEMPTS = """
INSERT INTO attempt (dispatch, number, started_at, seconds, result, answer)
SELECT id, 1, :at, 0.02, 'unsubscribed', 'HTTP 200: ok' FROM dispatch;
"""


def fill(path: Path, done: int) -> Path:
    """Make a spool with so many suppressions, numbered from 1, that were carried out two days ago."""
    SqliteSpool.open(path).close()
    if done:
        values = {"rows": done, "provider": PROVIDER, "at": int(time.time() - 2 * _DAY)}
        with closing(sqlite3.connect(path)) as raw, raw:
            raw.create_function("subject_hash", 1, subject_hash, deterministic=True)
            for statement in (_FILL, _DONE, _ATTEMPTS):
                raw.execute(statement, values)
    return path


def spread(number: int, over: int) -> int:
    """A place from 1 to `over`, as good as at random: Knuth's multiplier spreads consecutive numbers over all."""
    return number * 2654435761 % over + 1

"""The left half: stdin to accounting to policy to the spool, and never a network call in between.

`pump` moves blocks from a file descriptor into `Ingest`, which decides and commits in groups; `Owing` turns a record
that suppresses into what is owed to whom; `Tally` counts, and `Figures` adds up for reports and metrics. `Letters`
brings in what `letterbox` holds. `folder` and `moved` find and read the files that PowerMTA moved, for
`bouncehandler ingest`.
"""

from bouncehandler.ingest.figures import Figures
from bouncehandler.ingest.intake import Ingest
from bouncehandler.ingest.letters import LetterboxError, Letters
from bouncehandler.ingest.owing import Owing, TokenHolder, Tokens
from bouncehandler.ingest.pump import pump, rows_together
from bouncehandler.ingest.tally import Tally

__all__ = [
    "Figures",
    "Ingest",
    "LetterboxError",
    "Letters",
    "Owing",
    "Tally",
    "TokenHolder",
    "Tokens",
    "pump",
    "rows_together",
]

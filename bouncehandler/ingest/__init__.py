"""The left half: stdin to accounting to policy to the spool, and never a network call in between.

`read_loop` moves blocks from a file descriptor into `IngestPipeline`, which decides and commits in groups; `SuppressionBuilder` turns a record
that suppresses into what is owed to whom; `IngestCounters` counts, and `StatsCollector` adds up for reports and metrics. `UnsubscribeMailbox`
brings in what `letterbox` holds. `folder` and `moved` find and read the files that PowerMTA moved, for
`bouncehandler ingest`.
"""

from bouncehandler.ingest.counters import IngestCounters
from bouncehandler.ingest.pipeline import IngestPipeline
from bouncehandler.ingest.read_loop import batch_size_for, read_loop
from bouncehandler.ingest.stats.collector import StatsCollector
from bouncehandler.ingest.suppression_builder import SuppressionBuilder, TokenHolder, Tokens
from bouncehandler.ingest.unsubscribe_mail import MaildropError, UnsubscribeMailbox

__all__ = [
    "IngestCounters",
    "IngestPipeline",
    "MaildropError",
    "StatsCollector",
    "SuppressionBuilder",
    "TokenHolder",
    "Tokens",
    "UnsubscribeMailbox",
    "batch_size_for",
    "read_loop",
]

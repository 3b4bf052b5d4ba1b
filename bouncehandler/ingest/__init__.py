"""Ingest: from the bytes of an input to suppressions in the spool, without a network call in between.

`read_loop` reads blocks from a file descriptor into an `IngestPipeline`, which decides and commits in batches.
`SuppressionBuilder` builds the entry for the queue from a record that suppresses; `IngestCounters` counts, and
`StatsCollector` counts by hour for reports and metrics. `UnsubscribeMailbox` takes List-Unsubscribe mail from the
maildrop. `drop_folder` and `accounting_file` read the files that PowerMTA moved, for `bouncehandler ingest`.
"""

from bouncehandler.ingest.counters import IngestCounters
from bouncehandler.ingest.pipeline import IngestOptions, IngestPipeline
from bouncehandler.ingest.ports import IngestContext
from bouncehandler.ingest.read_loop import batch_size_for, read_loop
from bouncehandler.ingest.stats.collector import StatsCollector
from bouncehandler.ingest.suppression_builder import SuppressionBuilder, TokenHolder, Tokens
from bouncehandler.ingest.unsubscribe_mail import MaildropError, UnsubscribeMailbox

__all__ = [
    "IngestContext",
    "IngestCounters",
    "IngestOptions",
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

"""Ingest: from the bytes of an input to suppressions in the spool, without a network call in between.

`read_loop` reads blocks from a file descriptor into an `IngestPipeline`, which decides and commits in batches.
`SuppressionBuilder` builds the entry for the queue from a record that suppresses; `IngestCounters` counts, and
`StatsCollector` counts by hour for reports and metrics. `UnsubscribeMailbox` takes List-Unsubscribe mail from the
maildrop. `drop_folder` and `accounting_file` read the files that PowerMTA moved, for `bouncehandler ingest`.
"""

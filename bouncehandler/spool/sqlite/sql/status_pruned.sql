SELECT suppressions FROM pruned

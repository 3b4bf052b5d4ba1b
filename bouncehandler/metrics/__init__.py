"""Metrics for Prometheus: the spool's totals and its state now, as text, in a file, or behind a port.

`exposition` writes the text, which is the same whichever process writes it; `textfile` puts it into a file as
node_exporter reads it, `listener` answers requests.
"""

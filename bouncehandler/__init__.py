"""Turns PowerMTA's bounces and complaints into unsubscribes, at once, durably, and never by mistake.

One straight line: PowerMTA writes CSV rows into stdin; ``accounting`` reads each as a record, or gives the reason why
it can't; ``policy`` decides Suppress, Count or Ignore, and names the rule; ``ingest`` drives both and commits every
suppression to the ``spool``, where it is safe on disk. From there the ``dispatcher`` claims what is due and calls the
``provider`` adapters (found by ``plugins``, written in the top-level package ``providers``), which unsubscribe the
recipient. ``settings``, ``logs`` and ``cli`` are the edges. The words are those of the glossary in CONTRIBUTING.md.
"""

__version__ = "0.1.0"

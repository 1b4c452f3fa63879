"""Spans, run summaries and scores in ClickHouse tables: chDB in the process, or a ClickHouse server by URL.

The same SQL runs on both. `port` is what other rooms see and `open` builds it; `append` is for `ingest` and `wiring`
alone.
"""

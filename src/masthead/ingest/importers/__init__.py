"""Logs of agent systems into conversations: one module a family, each a pure reader of one record.

A reader takes a `Record` (one JSON value, or one log's text) and yields runs; it never opens a file, reads a clock or
keeps anything between records. What it cannot read it refuses with `InvalidInput`, and nothing else. `registry` knows
them all and picks by content; `ingest.importing` walks files and archives and hands over what they yield.
"""

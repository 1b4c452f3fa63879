"""Control data: projects, keys, sessions and the audit log, on SQLite (WAL) or PostgreSQL.

A `Database` opens transactions; the modules beside it hold the queries, each a function that takes the transaction's
session first and returns `model` types. Whoever opens a transaction commits it by leaving it without an error.
"""

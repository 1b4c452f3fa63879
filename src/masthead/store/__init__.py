"""All SQL, and the write-ahead log. `traces/` speaks ClickHouse's dialect, `control/` SQLAlchemy; migrations for both.

Every query takes the project first, binds its values and returns `model` types. Appending is for `ingest` alone.
"""

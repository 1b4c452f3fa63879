"""Numbered, forward-only migrations of the span store: `migrations/NNNN_name.sql`, each run once, in order."""

from importlib.resources import files
from typing import NamedTuple

from masthead.model.errors import StoreDamaged
from masthead.store.traces.engine import Engine, fetch

_VERSIONS = """
CREATE TABLE IF NOT EXISTS masthead (version UInt32, name String, applied_ns Int64)
ENGINE = MergeTree ORDER BY version
"""

_APPLIED = "INSERT INTO masthead SELECT {version:UInt32}, {name:String}, toUnixTimestamp64Nano(now64(9))"


class Migration(NamedTuple):
    """One file of statements."""

    version: int
    name: str
    statements: tuple[str, ...]


def migrations() -> list[Migration]:
    """Return every migration of this release, in order."""
    found: list[Migration] = []
    for file in (files("masthead.store.traces") / "migrations").iterdir():
        if file.name.endswith(".sql"):
            number, name = file.name.removesuffix(".sql").split("_", 1)
            statements = tuple(part.strip() for part in file.read_text("utf-8").split(";\n") if part.strip())
            found.append(Migration(int(number), name, statements))
    return sorted(found)


def version_of(engine: Engine) -> int:
    """Return the number of the last migration that this database has seen; 0 is a new one."""
    engine.query(_VERSIONS, {})
    return fetch(engine, tuple[int], "SELECT max(version) FROM masthead", {})[0][0]


def migrate(engine: Engine, *, up_to: int | None = None) -> int:
    """Bring the database to the newest version (or to `up_to`) and return it.

    Raises:
        StoreDamaged: the database was written by a newer release.
    """
    known = migrations()
    at = version_of(engine)
    if known and at > known[-1].version:
        raise StoreDamaged(
            f"the span store is at version {at}, this release knows {known[-1].version}: run a newer Masthead"
        )
    for migration in known:
        if at < migration.version and (up_to is None or migration.version <= up_to):
            for statement in migration.statements:
                engine.query(statement, {})
            engine.query(_APPLIED, {"version": migration.version, "name": migration.name})
            at = migration.version
    return at

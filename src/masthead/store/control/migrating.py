"""Bringing control data's tables forward, through Alembic. Loaded only when there is something to do."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from masthead.model.errors import StoreDamaged

_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(connection: Connection, present: str | None, revision: str) -> None:
    """Run the steps from the present revision to another, in the connection's transaction.

    Raises:
        StoreDamaged: the present revision is none of ours.
    """
    config = _config()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if present is not None and present not in known:
        raise StoreDamaged(
            f"control data is at revision {present!r}, which this Masthead does not know;"
            " install the version that wrote it, or a newer one"
        )
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def latest() -> str | None:
    """Return the last step's revision."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config

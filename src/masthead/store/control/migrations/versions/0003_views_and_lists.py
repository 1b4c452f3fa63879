"""Make saved views, and lists of runs: datasets and annotation queues.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "saved_views",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("project_id", sa.String(64), sa.ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("since", sa.String(64)),
        sa.Column("until", sa.String(64)),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.UniqueConstraint("project_id", "name"),
    )
    op.create_table(
        "run_lists",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("project_id", sa.String(64), sa.ForeignKey("projects.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.UniqueConstraint("project_id", "name"),
    )
    op.create_table(
        "listed_runs",
        sa.Column("list_id", sa.String(40), sa.ForeignKey("run_lists.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("run_id", sa.String(32), primary_key=True),
        sa.Column("place", sa.BigInteger, nullable=False),
        sa.Column("added_ns", sa.BigInteger, nullable=False),
        sa.Column("added_by", sa.String(200), nullable=False),
        sa.Column("done_ns", sa.BigInteger),
        sa.Column("done_by", sa.String(200)),
    )
    op.create_index("listed_runs_by_place", "listed_runs", ["list_id", "place"])

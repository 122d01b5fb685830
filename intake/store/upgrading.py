"""Changing the schema: migrations, and the comparison with the declared tables."""

from __future__ import annotations

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from intake.store.engine import Store
from intake.store.schema import MIGRATIONS, newest_revision
from intake.store.tables import metadata

_UPGRADE_LOCK = 7160410


def upgrade(store: Store) -> str:
    """Bring the database to the newest schema; returns the revision reached.

    On PostgreSQL an advisory lock lets several machines start at once.
    """
    config = _config()
    with store.engine.connect() as connection:
        if not store.is_sqlite:
            connection.execute(text(f"SELECT pg_advisory_lock({_UPGRADE_LOCK})"))
            connection.commit()
        try:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
        finally:
            if not store.is_sqlite:
                connection.execute(text(f"SELECT pg_advisory_unlock({_UPGRADE_LOCK})"))
                connection.commit()
    return newest_revision()


def differences(store: Store) -> list[str]:
    """How the migrated schema differs from the declared tables; empty when they agree."""
    with store.read() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True})
        return [str(difference) for difference in compare_metadata(context, metadata)]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config

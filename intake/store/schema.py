"""The schema's state: upgrade by migrations, compare with the declared tables."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, inspect, select, text

from intake.store.engine import Store
from intake.store.tables import (
    conversations,
    metadata,
    officer_contacts,
    petitions,
    second_factors,
)

_MIGRATIONS = Path(__file__).parent.parent / "migrations"
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


def newest_revision() -> str:
    """The revision this program needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def current_revision(store: Store) -> str | None:
    """The revision the database has; None for an empty one."""
    with store.read() as tx:
        return MigrationContext.configure(tx).get_current_revision()


def differences(store: Store) -> list[str]:
    """How the migrated schema differs from the declared tables; empty when they agree."""
    with store.read() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True})
        return [str(difference) for difference in compare_metadata(context, metadata)]


def holds_sealed_values(store: Store) -> bool:
    """Whether something is stored that only the present keys can open."""
    with store.read() as tx:
        present = set(inspect(tx).get_table_names())
        return any(
            table.name in present
            and tx.execute(select(func.count()).select_from(table)).scalar_one() > 0
            for table in (petitions, conversations, officer_contacts, second_factors)
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config

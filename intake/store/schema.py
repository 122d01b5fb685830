"""The schema's state: which revision the database has, and which one this program needs.

Every start asks this; the migration tool itself is loaded only where something has to be changed
(`intake.store.upgrading`).
"""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import func, inspect, select, text

from intake.store.engine import Store
from intake.store.tables import (
    conversations,
    officer_contacts,
    petitions,
    second_factors,
)

MIGRATIONS = Path(__file__).parent.parent / "migrations"
_VERSION = re.compile(r"(\d{4})_\w+\.py")


def newest_revision() -> str:
    """The revision this program needs: migrations bear running numbers, so the last one."""
    names = (_VERSION.fullmatch(path.name) for path in (MIGRATIONS / "versions").iterdir())
    return max(name[1] for name in names if name)


def current_revision(store: Store) -> str | None:
    """The revision the database has; None for an empty one."""
    with store.read() as tx:
        if not inspect(tx).has_table("alembic_version"):
            return None
        return tx.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def ensure_newest(store: Store) -> None:
    """Migrate a database that is empty or older than this program."""
    if current_revision(store) != newest_revision():
        # The migration tool is large, and hardly any start needs it.
        from intake.store.upgrading import upgrade

        upgrade(store)


def holds_sealed_values(store: Store) -> bool:
    """Whether something is stored that only the present keys can open."""
    with store.read() as tx:
        present = set(inspect(tx).get_table_names())
        return any(
            table.name in present
            and tx.execute(select(func.count()).select_from(table)).scalar_one() > 0
            for table in (petitions, conversations, officer_contacts, second_factors)
        )

"""Write the baseline migration from the declared tables.

For use until the first release only; afterwards every change is a new step.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext

from intake.store.engine import Store
from intake.store.tables import metadata

_TARGET = Path(__file__).parent / "versions" / "0001_baseline.py"
_HEAD = '''"""The first schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

import intake.store.tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
'''


def main() -> None:
    """Render the difference between an empty database and the declared tables."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/empty.sqlite3")
        with store.read() as tx:
            context = MigrationContext.configure(tx)
            script = produce_migrations(context, metadata)
        store.close()
    assert script.upgrade_ops is not None
    body = render_python_code(script.upgrade_ops)
    _TARGET.write_text(_HEAD + f"    {body}\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""The schema: what migrations make is what the program declares, on both databases."""

from contextlib import closing

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from intake.errors import SetupRefused
from intake.store import Store
from intake.store.schema import MIGRATIONS, current_revision, newest_revision
from intake.store.upgrading import differences, upgrade


def test_migrations_from_nothing_make_the_declared_tables(empty_database_url):
    with closing(Store(empty_database_url)) as store:
        assert current_revision(store) is None
        upgrade(store)
        assert current_revision(store) == newest_revision()
        assert differences(store) == []


def test_the_newest_revision_is_the_migrations_one_head():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [newest_revision()]


def test_upgrading_twice_changes_nothing(empty_database_url):
    with closing(Store(empty_database_url)) as store:
        assert upgrade(store) == upgrade(store)


def test_an_acknowledged_write_is_durable_by_configuration(database_url):
    with closing(Store(database_url)) as store:
        facts = store.facts()
    if facts["engine"] == "sqlite":
        assert facts["synchronous"] in ("FULL", "EXTRA")
    else:
        assert facts["synchronous_commit"] != "off"


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "nonsense", ""])
def test_an_unusable_database_address_is_refused_in_one_line(url):
    with pytest.raises(SetupRefused):
        Store(url)

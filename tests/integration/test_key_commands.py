"""API keys and digest addresses at the command line."""

from contextlib import closing

import click
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from admin.commands import register
from intake.accounts import NewAccount, Purpose, create_officer, find_session, keys_of
from intake.clock import utc_now
from intake.errors import NotFound
from intake.officers import SYSTEM
from intake.status import Role
from intake.store.tables import officer_contacts
from tests import factories
from tests.factories import NOW

TIEPDAN = click.Group()
register(TIEPDAN)


@pytest.fixture
def office(sqlite_url, tmp_path, monkeypatch):
    monkeypatch.setenv("TIEPDAN_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("TIEPDAN_DATA_DIR", str(tmp_path))
    # Opening reads every data file; one office serves the commands too.
    built = factories.build_office(sqlite_url, tmp_path)
    for module in ("admin.key_commands", "admin.notify.commands"):
        monkeypatch.setattr(f"{module}.open_office", lambda settings: built)
    with closing(built.store):
        with built.store.write() as tx:
            account = NewAccount("app", "Ứng dụng", Role.REPORTING, "vlg-van-phong-ubnd")
            create_officer(built, tx, account, "x", by=SYSTEM, now=NOW)
        yield built


@pytest.mark.parametrize(
    ("flags", "purpose"), [([], Purpose.KEY), (["--open311"], Purpose.OPEN311)]
)
def test_a_key_is_printed_once_and_is_good_for_one_purpose(office, flags, purpose):
    result = CliRunner().invoke(TIEPDAN, ["user", "key", "app", "--label", "ứng dụng", *flags])
    made = result.output.strip()
    assert result.exit_code == 0
    found = {p for p in Purpose if find_session(office.store, made, (p,), now=utc_now())}
    assert found == {purpose}
    with office.store.read() as tx:
        assert [key.label for key in keys_of(tx, "app")] == ["ứng dụng"]


def test_an_unknown_account_gets_no_key(office):
    result = CliRunner().invoke(TIEPDAN, ["user", "key", "nobody", "--label", "x"])
    assert isinstance(result.exception, NotFound)


def test_an_address_is_set_and_taken_back(office):
    for email, kept in (("thu@example.vn", 1), ("", 0)):
        result = CliRunner().invoke(TIEPDAN, ["user", "contact", "app", "--email", email])
        assert result.exit_code == 0
        with office.store.read() as tx:
            assert len(tx.execute(select(officer_contacts)).all()) == kept

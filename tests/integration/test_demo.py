"""The demonstration is a year of an office's life, told by real actions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from intake.accounts import Purpose, log_in
from intake.clock import local_date
from intake.demo import demo_logins, is_empty, load_demo
from intake.errors import SetupRefused
from intake.office import Office
from intake.petition import PetitionKind
from intake.status import PetitionStatus, Role
from intake.store.tables import petitions, reception_days, visits
from intake.timeline import verify
from tests.factories import build_office

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    opened = build_office(database_url, tmp_path)
    yield opened
    opened.store.close()


def test_a_demonstration_shows_every_role_kind_and_stage(office: Office) -> None:
    assert is_empty(office)
    count = load_demo(office, now=NOW)
    with office.store.read() as tx:
        rows = tx.execute(
            select(
                petitions.c.kind,
                petitions.c.status,
                petitions.c.received_at,
                petitions.c.next_due,
                petitions.c.agency,
            )
        ).all()
        chain = verify(tx)
        days = tx.execute(select(func.count()).select_from(reception_days)).scalar_one()
        received = tx.execute(select(func.count()).select_from(visits)).scalar_one()
    assert count == len(rows) >= 38
    assert chain.broken_at is None
    assert days >= 8
    assert received >= 15
    kinds = Counter(row.kind for row in rows)
    assert set(kinds) >= set(PetitionKind) - {PetitionKind.KN_KL}
    assert {row.status for row in rows} >= {
        PetitionStatus.RECEIVED,
        PetitionStatus.ACCEPTED,
        PetitionStatus.ANSWERED,
        PetitionStatus.CLOSED,
        PetitionStatus.AWAITING_INFORMATION,
        PetitionStatus.REJECTED,
        PetitionStatus.WITHDRAWN,
    }
    assert max(row.received_at for row in rows) < NOW
    months = {local_date(row.received_at).replace(day=1) for row in rows}
    assert len(months) >= 8
    assert any(row.next_due and row.next_due < local_date(NOW) for row in rows)
    assert {login.role for login in demo_logins(office)} == set(Role) - {Role.CITIZEN, Role.SYSTEM}


def test_every_demonstration_login_works(office: Office) -> None:
    load_demo(office, now=NOW)
    for login in demo_logins(office):
        assert log_in(office, login.username, login.password, Purpose.CONSOLE, now=NOW)


def test_the_same_day_gives_the_same_demonstration(sqlite_url: str, tmp_path: Path) -> None:
    told = []
    for name in ("one", "two"):
        copy = tmp_path / f"{name}.sqlite3"
        copy.write_bytes(Path(sqlite_url.removeprefix("sqlite:///")).read_bytes())
        office = build_office(f"sqlite:///{copy}", tmp_path / name)
        load_demo(office, now=NOW)
        with office.store.read() as tx:
            told.append(
                tx.execute(
                    select(
                        petitions.c.reference, petitions.c.status, petitions.c.next_due
                    ).order_by(petitions.c.reference)
                ).all()
            )
        office.store.close()
    assert told[0] == told[1]


def test_a_demonstration_never_mixes_with_real_data(office: Office) -> None:
    load_demo(office, now=NOW)
    with pytest.raises(SetupRefused):
        load_demo(office, now=NOW)
    with office.store.read() as tx:
        assert tx.execute(select(func.count()).select_from(petitions)).scalar_one() < 60

"""Information with the content of a denunciation (Luật TC Điều 25) counts as no denunciation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from admin.reports.figures import figures_of
from intake import actions
from intake.office import Office
from intake.periods import resolve_period
from intake.petition import Petition, PetitionKind
from tests.factories import NOW, TODAY, agency_of, build_office, file_signed, officer

TC = PetitionKind.TC
SETTLED = [f"04/GQTC.c{column}" for column in range(1, 11)]


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    built = build_office(database_url, tmp_path)
    with closing(built.store):
        yield built


def counted(office: Office) -> dict[str, int]:
    """What form 04/GQTC says of settled denunciations, and how many are late."""
    later = TODAY + timedelta(days=90)
    period = resolve_period("2026-10-15..2027-01-14", "ttcp", today=later)
    with office.store.read() as tx:
        found = figures_of(office, tx, agency_of(office, "so-xay-dung"), period, today=later)
    return {cell: int(found.value(cell) or 0) for cell in (*SETTLED, "overdue.denunciations")}


def information(office: Office) -> Petition:
    petition = file_signed(office, TC, petitioners=(), anonymous=True)
    clerk = officer(office, denunciations=True)
    with office.store.write() as tx:
        return actions.reclassify(
            office, tx, clerk, petition.reference, kind=TC, as_information=True, now=NOW
        )


def test_information_is_in_no_number_of_settled_denunciations(office: Office) -> None:
    clerk = officer(office, denunciations=True)
    inspected, forwarded = information(office), information(office)
    information(office)  # nothing done yet
    with office.store.write() as tx:
        found = actions.Answer("Không có vi phạm.", "4/BC")
        actions.answer(office, tx, clerk, inspected.reference, found, now=NOW)
        target = agency_of(office, "thanh-tra")
        actions.forward(
            office, tx, clerk, forwarded.reference, agency=target, reason="Thanh tra", now=NOW
        )
    assert set(counted(office).values()) == {0}


def test_a_denunciation_beside_it_is_counted(office: Office) -> None:
    information(office)
    petition = file_signed(office, TC)
    clerk = officer(office, denunciations=True)
    with office.store.write() as tx:
        actions.accept(office, tx, clerk, petition.reference, now=NOW)
        given = actions.Answer("Đúng.", "9/KL", "true")
        actions.answer(office, tx, clerk, petition.reference, given, now=NOW + timedelta(days=9))
    found = counted(office)
    assert (found["04/GQTC.c1"], found["04/GQTC.c7"]) == (1, 1)
    assert found["overdue.denunciations"] == 0

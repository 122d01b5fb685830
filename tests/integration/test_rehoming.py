"""Open petitions of a body that has closed go on at its successor, dates and all."""

import csv
import tempfile
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from intake import actions
from intake.accounts import NewAccount, create_officer
from intake.actions.rehome import officers_at_closed_bodies, planned_rehomings, rehome_petitions
from intake.directory import Directory
from intake.directory_commands import agencies
from intake.directory_rows import COLUMNS
from intake.notices import notices_of
from intake.officers import SYSTEM
from intake.petition import PetitionKind
from intake.status import NoticeKind, PetitionStatus, Role
from intake.store.petitions import deadlines_of, get_petition, handlings_of
from intake.store.tables import petitions
from intake.timeline import entries_of, verify
from tests import factories
from tests.factories import NOW, TODAY, accepted, agency_of, file, file_signed, officer

LATER = NOW + timedelta(days=2)


@pytest.fixture
def office(database_url, tmp_path):
    built = factories.build_office(database_url, tmp_path)
    with closing(built.store):
        yield built


def close_bodies(folder, closed):
    """Bodies closed yesterday, in the customer's own list: (code, successors) each."""
    with (folder / "vinh-long.csv").open("w", encoding="utf-8") as file:
        rows = csv.DictWriter(file, COLUMNS)
        rows.writeheader()
        for code, after in closed:
            rows.writerow({"code": code, "valid_until": str(TODAY), "successors": "|".join(after)})


@cache
def directory_after(closed):
    """Loaded once for all tests that close the same bodies."""
    with tempfile.TemporaryDirectory() as folder:
        close_bodies(Path(folder), closed)
        gazetteer = factories.data_files()[1]
        return Directory.load("vinh-long", overlay=Path(folder), gazetteer=gazetteer)


def after_closing(office, **successors):
    """The office after the bodies of some classes closed."""
    closed = tuple(
        (agency_of(office, name.replace("_", "-")), tuple(after))
        for name, after in successors.items()
    )
    return replace(office, directory=directory_after(closed))


def read(office, petition):
    with office.store.read() as tx:
        return get_petition(tx, petition.reference)


def test_a_petition_goes_on_at_the_single_successor_with_its_dates(office):
    heir = agency_of(office, "so-noi-vu")
    petition = accepted(office, PetitionKind.KN)
    with office.store.read() as tx:
        before = deadlines_of(tx, petition.id)
    changed = after_closing(office, so_xay_dung=[heir])
    (way,) = rehome_petitions(changed, now=LATER)
    after = read(office, petition)
    assert (way.before, way.after, way.to_centre) == (petition.agency, heir, False)
    assert (after.agency, after.agency_class) == (heir, "so-noi-vu")
    assert after.status is PetitionStatus.ACCEPTED
    assert (after.next_due, after.accepted_on) == (petition.next_due, petition.accepted_on)
    with office.store.read() as tx:
        assert deadlines_of(tx, petition.id) == before
        (stay,) = handlings_of(tx, petition.id)
    assert stay["agency"] == heir


def test_the_citizen_is_told_and_the_timeline_keeps_where_it_came_from(office):
    heir = agency_of(office, "so-noi-vu")
    petition = file(office)
    changed = after_closing(office, so_xay_dung=[heir])
    list(rehome_petitions(changed, now=LATER))
    with office.store.read() as tx:
        (notice,) = notices_of(tx, office.sealer, petition.id)
        entry = entries_of(tx, petition.id, audience="citizen")[-1]
        assert verify(tx).broken_at is None
    assert notice.kind is NoticeKind.REHOMED
    assert (notice.values["from"], notice.values["agency"]) == (petition.agency, heir)
    assert notice.values["due"] == petition.next_due.isoformat()
    assert (entry.event, entry.values["from"]) == ("petition_rehomed", petition.agency)


def test_split_successors_leave_the_choice_to_the_reception_centre(office):
    petition = file(office)
    heirs = [agency_of(office, "so-noi-vu"), agency_of(office, "so-khcn")]
    changed = after_closing(office, so_xay_dung=heirs)
    (way,) = rehome_petitions(changed, now=LATER)
    assert way.to_centre
    assert read(office, petition).agency == office.directory.province.reception_centres[0]


def test_a_denunciation_never_goes_to_who_took_over_the_accused(office):
    heir = agency_of(office, "so-noi-vu")
    accused = agency_of(office, "so-y-te")
    petition = file_signed(office, PetitionKind.TC, accused=(accused,))
    changed = after_closing(office, so_xay_dung=[heir], so_y_te=[heir])
    (way,) = rehome_petitions(changed, now=LATER)
    assert way.to_centre
    assert read(office, petition).agency != heir


def test_ended_petitions_and_those_of_other_bodies_stay(office):
    ended, other = file(office), file(office, agency=agency_of(office, "so-y-te"))
    with office.store.write() as tx:
        actions.withdraw(office, tx, ended.reference, now=NOW)
    changed = after_closing(office, so_xay_dung=[agency_of(office, "so-noi-vu")])
    assert list(rehome_petitions(changed, now=LATER)) == []
    assert read(office, ended).agency == ended.agency
    assert read(office, other).agency == other.agency


def test_a_body_still_there_today_keeps_its_petitions(office):
    file(office)
    changed = after_closing(office, so_xay_dung=[agency_of(office, "so-noi-vu")])
    assert list(rehome_petitions(changed, now=NOW)) == []


def test_an_interrupted_run_goes_on_and_nobody_is_told_twice(office):
    filed = [file(office) for _ in range(4)]
    changed = after_closing(office, so_xay_dung=[agency_of(office, "so-noi-vu")])
    started = rehome_petitions(changed, now=LATER)
    first = [next(started).reference, next(started).reference]
    started.close()
    rest = [way.reference for way in rehome_petitions(changed, now=LATER)]
    assert first + rest == [petition.reference for petition in filed]
    assert list(rehome_petitions(changed, now=LATER)) == []
    with office.store.read() as tx:
        told = [len(notices_of(tx, office.sealer, petition.id)) for petition in filed]
    assert told == [1, 1, 1, 1]


def test_the_plan_shows_the_same_and_changes_nothing(office):
    petition = file(office)
    changed = after_closing(office, so_xay_dung=[agency_of(office, "so-noi-vu")])
    with office.store.read() as tx:
        planned = list(planned_rehomings(changed, tx, now=LATER))
    assert read(office, petition) == petition
    assert planned == list(rehome_petitions(changed, now=LATER))


def test_an_officer_who_came_along_keeps_the_petition(office):
    heir, closed = agency_of(office, "so-noi-vu"), agency_of(office, "so-xay-dung")
    with office.store.write() as tx:
        for name, agency in (("moved", heir), ("left", closed)):
            account = NewAccount(name, "Cán bộ Thử", Role.AGENCY_CLERK, agency)
            create_officer(office, tx, account, "x", by=SYSTEM, now=NOW)
    kept, freed = file(office), file(office)
    with office.store.write() as tx:
        for petition, name in ((kept, "moved"), (freed, "left")):
            tx.execute(
                update(petitions).where(petitions.c.id == petition.id).values(assigned_to=name)
            )
    changed = after_closing(office, so_xay_dung=[heir])
    list(rehome_petitions(changed, now=LATER))
    assert read(office, kept).assigned_to == "moved"
    assert read(office, freed).assigned_to is None
    with office.store.read() as tx:
        assert officers_at_closed_bodies(changed, tx, now=LATER) == [("left", closed)]


def test_the_successors_officer_can_go_on_at_once(office):
    heir = agency_of(office, "so-noi-vu")
    petition = file(office)
    changed = after_closing(office, so_xay_dung=[heir])
    list(rehome_petitions(changed, now=LATER))
    with office.store.write() as tx:
        by = officer(changed, agency=heir)
        done = actions.accept(changed, tx, by, petition.reference, now=LATER)
    assert done.status is PetitionStatus.ACCEPTED


def test_the_command_shows_first_and_moves_then(office, tmp_path, monkeypatch, database_url):
    petition = file(office)
    heir = agency_of(office, "so-noi-vu")
    (tmp_path / "directory").mkdir()
    close_bodies(tmp_path / "directory", [(petition.agency, [heir])])
    monkeypatch.setenv("TIEPDAN_DATABASE_URL", database_url)
    monkeypatch.setenv("TIEPDAN_DATA_DIR", str(tmp_path))
    line = f"{petition.reference}: {petition.agency} -> {heir}\n"
    shown = CliRunner().invoke(agencies, ["rehome", "--dry-run"])
    assert (shown.output, shown.exit_code) == (f"{line}dry run: 1 would move\n", 0)
    assert read(office, petition).agency == petition.agency
    moved = CliRunner().invoke(agencies, ["rehome"])
    assert (moved.output, moved.exit_code) == (f"{line}1 moved\n", 0)
    assert read(office, petition).agency == heir

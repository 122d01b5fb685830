"""Dates derived anew: after a calendar decision, and every day."""

from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import insert, update

from intake import actions, recompute
from intake.due import due_view
from intake.notices import notices_of
from intake.petition import PetitionKind
from intake.recompute import recompute_open, sweep
from intake.status import NoticeKind
from intake.store.petitions import deadlines_of, get_petition
from intake.store.tables import conversations, petitions
from intake.timeline import entries_of
from intake.workdays import DayOverride, WorkCalendar
from tests import factories
from tests.factories import NOW, accepted, file, file_signed, officer

DAY = timedelta(days=1)
DAY_OFF = DayOverride(date(2026, 11, 12), False, "nghỉ bù", "Quyết định thử 01")


@pytest.fixture
def office(database_url, tmp_path):
    built = factories.build_office(database_url, tmp_path)
    with closing(built.store):
        yield built


def read(office, petition):
    with office.store.read() as tx:
        return get_petition(tx, petition.reference)


def test_a_day_off_moves_open_petitions_and_says_which(office):
    still_open, ended = file(office), file(office)
    with office.store.write() as tx:
        actions.withdraw(office, tx, ended.reference, now=NOW)
    changed = replace(office, calendar=WorkCalendar.load(day_overrides=(DAY_OFF,)))
    (moved,) = recompute_open(changed, now=NOW, slot="test")
    assert (moved.reference, moved.before) == (still_open.reference, still_open.next_due)
    assert moved.after is not None
    assert moved.after > still_open.next_due
    assert read(office, still_open).next_due == moved.after
    assert read(office, ended).next_due is None


def test_an_interrupted_run_goes_on_where_it_stopped(office):
    filed = [file(office) for _ in range(5)]
    changed = replace(office, calendar=WorkCalendar.load(day_overrides=(DAY_OFF,)))
    started = recompute_open(changed, now=NOW, slot="test", batch=2)
    first = next(started).reference
    started.close()
    rest = [moved.reference for moved in recompute_open(changed, now=NOW, slot="test", batch=2)]
    assert first == filed[0].reference
    assert rest == [petition.reference for petition in filed[2:]]
    assert read(office, filed[1]).next_due != filed[1].next_due


def test_a_duty_owed_after_the_decision_moves_with_the_calendar_too(office):
    petition = accepted(office, PetitionKind.KN)
    clerk = officer(office)
    now = NOW + timedelta(days=7)  # a Tuesday: the decision must be sent by Friday the 13th
    with office.store.write() as tx:
        given = actions.Answer("Đúng.", "9/QĐ", "true")
        done = actions.answer(office, tx, clerk, petition.reference, given, now=now)
    assert (done.next_rule, done.next_due) == ("KN-SEND-1", date(2026, 11, 13))
    changed = replace(office, calendar=WorkCalendar.load(day_overrides=(DAY_OFF,)))
    (moved,) = recompute_open(changed, now=now, slot="test")
    assert (moved.reference, moved.after) == (petition.reference, date(2026, 11, 16))


def test_petitions_alike_are_dated_alike_and_one_that_differs_by_its_own(office):
    alike = [file(office) for _ in range(3)]
    other = file(office, now=NOW + DAY)
    changed = replace(office, calendar=WorkCalendar.load(day_overrides=(DAY_OFF,)))
    moved = {
        row.reference: row.after for row in recompute_open(changed, now=NOW + DAY, slot="test")
    }
    later = {moved[petition.reference] for petition in alike}
    assert later == {alike[0].next_due + DAY}
    assert moved[other.reference] == other.next_due + DAY
    with office.store.read() as tx:
        rows = [deadlines_of(tx, petition.id) for petition in (*alike, other)]
    assert rows[0] == rows[1] == rows[2] != rows[3]


def test_what_is_done_to_a_petition_meanwhile_is_what_its_dates_follow(office, monkeypatch):
    petition = file_signed(office, PetitionKind.KN)
    rewrite = recompute._rewrite

    def after_an_action(held, tx, sorts, stale):
        actions.accept(held, tx, officer(office), petition.reference, now=NOW)
        return rewrite(held, tx, sorts, stale)

    monkeypatch.setattr(recompute, "_rewrite", after_an_action)
    changed = replace(office, calendar=WorkCalendar.load(day_overrides=(DAY_OFF,)))
    assert list(recompute_open(changed, now=NOW, slot="test")) == []
    assert read(office, petition).next_rule == "KN-R1"
    with office.store.read() as tx:
        assert "KN-R1" in {row.rule for row in deadlines_of(tx, petition.id)}


def test_recomputing_what_did_not_change_writes_nothing(office):
    petition = file(office)
    assert list(recompute_open(office, now=NOW, slot="test")) == []
    assert read(office, petition).version == petition.version


def test_the_citizen_is_told_once_of_a_missed_date(office):
    petition = file(office)
    with office.store.write() as tx:
        talk = tx.execute(
            insert(conversations)
            .values(
                uid="c" * 32, channel="web", account="", sender_fingerprint="f" * 32,
                sender_sealed=b"", created_at=NOW,
            )
            .returning(conversations.c.id)
        ).scalar_one()  # fmt: skip
        tx.execute(
            update(petitions).where(petitions.c.id == petition.id).values(conversation_id=talk)
        )
    on_the_day = NOW.replace(month=petition.next_due.month, day=petition.next_due.day)
    assert sweep(office, now=on_the_day) == 0
    late = on_the_day + timedelta(days=1)
    assert sweep(office, now=late) == 1
    assert sweep(office, now=late + timedelta(days=1)) == 0
    with office.store.read() as tx:
        (notice,) = notices_of(tx, office.sealer, petition.id)
        events = [entry.event for entry in entries_of(tx, petition.id, audience="citizen")]
    assert notice.kind is NoticeKind.DEADLINE_MISSED
    assert notice.values["due"] == petition.next_due.isoformat()
    assert events == ["petition_filed", "deadline_missed"]


def test_an_answered_petition_misses_nothing(office):
    petition = file(office)
    with office.store.write() as tx:
        actions.answer(
            office, tx, officer(office), petition.reference, actions.Answer("Xong."), now=NOW
        )
    assert sweep(office, now=NOW + timedelta(days=90)) == 0


def test_a_year_without_a_calendar_delays_the_date_never_the_petition(office):
    years = [office.calendar.year(number) for number in (2025, 2026)]
    short = replace(office, calendar=WorkCalendar(years))
    late = NOW.replace(month=12, day=28)
    petition = file(short, now=late)
    assert petition.next_due is None
    with office.store.read() as tx:
        assert due_view(short, tx, petition, today=late.date()).missing_year == 2027
    (moved,) = recompute_open(office, now=late, slot="calendar of 2027 entered")
    assert (moved.reference, moved.before) == (petition.reference, None)
    assert moved.after is not None

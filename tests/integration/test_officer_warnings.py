"""Officers' warnings: who is told what on which day, once, in office hours."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select, update

from intake import actions
from intake.accounts import NewAccount, create_officer, get_officer
from intake.clock import start_of_day
from intake.officer_notices import (
    OfficerNoticeKind,
    mark_one_seen,
    mark_petition_seen,
    mark_seen,
    notices_for,
    overdue_petitions,
    unseen_count,
)
from intake.officers import SYSTEM
from intake.petition import PetitionKind
from intake.schedule import in_slot, run_due_jobs
from intake.status import Role
from intake.store.tables import jobs, officer_notices, petitions, reception_days
from tests import factories
from tests.factories import NOW, TODAY, agency_of, file, file_signed

KIND = OfficerNoticeKind
UNTOUCHED = "x"  # a password hash nobody signs in with
HANDLERS = {"clerk", "clerk2"}
EVERYBODY = ("clerk", "clerk2", "head", "chair", "desk", "reports")


@pytest.fixture
def office(database_url, tmp_path):
    built = factories.build_office(database_url, tmp_path)
    with closing(built.store):
        own, above = agency_of(built, "so-xay-dung"), "vlg-ubnd-tinh"
        hire(built, "clerk", Role.AGENCY_CLERK, own)
        hire(built, "clerk2", Role.AGENCY_CLERK, own)
        hire(built, "head", Role.HEAD, own)
        hire(built, "chair", Role.HEAD, above)
        hire(built, "desk", Role.RECEPTION_DESK, built.directory.province.reception_centres[0])
        hire(built, "reports", Role.REPORTING, own)
        yield built


def hire(office, name, role, agency, *, cleared=False):
    with office.store.write() as tx:
        account = NewAccount(name, "Cán bộ Thử", role, agency, cleared)
        return create_officer(office, tx, account, UNTOUCHED, by=SYSTEM, now=NOW)


def who(office, name):
    with office.store.read() as tx:
        return get_officer(tx, name)


def at(day, hour=9):
    return start_of_day(day) + timedelta(hours=hour)


def told(office, name, day):
    """Kinds of the officer's notices about petitions that hold on a day, in the order shown."""
    with office.store.read() as tx:
        shown = notices_for(office, tx, get_officer(tx, name), today=day)
    return [each.kind for each in shown if each.reference]


def told_of_duty(office, name, day):
    with office.store.read() as tx:
        shown = notices_for(office, tx, get_officer(tx, name), today=day)
    return [each.kind for each in shown if not each.reference]


def due_in(office, petition, days):
    """The day that lies so many working days from the petition's date."""
    return office.calendar.add_working_days(petition.next_due, days)


def assigned(office, petition, name="clerk"):
    with office.store.write() as tx:
        return actions.assign(
            office, tx, who(office, "head"), petition.reference, to=get_officer(tx, name), now=NOW
        )


def rows(office):
    with office.store.read() as tx:
        return list(tx.execute(select(officer_notices).order_by(officer_notices.c.id)).mappings())


def about_petitions(office):
    return [row for row in rows(office) if row["petition_id"] is not None]


def decided(office):
    """A complaint decided on 10 November: the decision must be sent by Friday the 13th."""
    petition = factories.accepted(office, PetitionKind.KN)
    with office.store.write() as tx:
        given = actions.Answer("Đúng.", "9/QĐ", "true")
        head = who(office, "head")
        return actions.answer(
            office, tx, head, petition.reference, given, now=at(date(2026, 11, 10))
        )


def test_what_is_owed_after_the_decision_warns_and_is_seen_by_the_head_until_it_is_done(office):
    petition = decided(office)
    assert petition.next_due == date(2026, 11, 13)
    late = date(2026, 11, 18)
    run_due_jobs(office, now=at(late))
    assert told(office, "head", late) == [KIND.OVERDUE]
    with office.store.read() as tx:
        found = overdue_petitions(office, tx, who(office, "head"), today=late)
    assert [row.reference for row in found] == [petition.reference]
    with office.store.write() as tx:
        actions.record_step(
            office, tx, who(office, "head"), petition.reference, event="decision_sent", now=at(late)
        )
    assert told(office, "head", late) == []
    with office.store.read() as tx:
        assert overdue_petitions(office, tx, who(office, "head"), today=late) == []


# ---- dates ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "kind", "people"),
    [
        (-4, None, set()),
        (-3, KIND.DUE_SOON, {"clerk"}),
        (-1, KIND.DUE_SOON, {"clerk"}),
        (0, KIND.DUE_TODAY, {"clerk"}),
        (1, KIND.OVERDUE, {"clerk"}),
        (3, KIND.OVERDUE, {"clerk", "head"}),
        (7, KIND.OVERDUE, {"clerk", "head", "chair"}),
    ],
)
def test_warnings_begin_with_the_officer_in_charge_and_climb(office, days, kind, people):
    petition = assigned(office, file(office))
    day = due_in(office, petition, days)
    run_due_jobs(office, now=at(day))
    shown = {name: told(office, name, day) for name in EVERYBODY}
    assert {name: kinds for name, kinds in shown.items() if kinds} == {
        name: [kind] for name in people
    }


def test_a_petition_nobody_took_goes_to_all_handlers_and_the_head_at_once(office):
    petition = file(office)
    day = due_in(office, petition, -3)
    run_due_jobs(office, now=at(day))
    for name in (*HANDLERS, "head"):
        assert told(office, name, day) == [KIND.DUE_SOON]
    assert told(office, "reports", day) == []


def test_petitions_nobody_took_stand_before_more_urgent_ones(office):
    taken = assigned(office, file(office))
    day = due_in(office, taken, 1)
    file(office, now=at(day, 8) - timedelta(days=7))
    run_due_jobs(office, now=at(day))
    assert told(office, "clerk", day) == [KIND.UNASSIGNED, KIND.OVERDUE]


def test_nobody_taking_a_petition_is_told_after_one_working_day(office):
    petition = file(office)
    same_day, next_day = TODAY, office.calendar.add_working_days(TODAY, 1)
    run_due_jobs(office, now=at(same_day, 15))
    assert told(office, "head", same_day) == []
    run_due_jobs(office, now=at(next_day))
    assert told(office, "head", next_day) == [KIND.UNASSIGNED]
    assigned(office, petition)
    assert told(office, "head", next_day) == []


def test_an_overdue_warning_is_repeated_and_each_step_is_written_once(office):
    petition = assigned(office, file(office))
    for days in range(1, 18):
        run_due_jobs(office, now=at(due_in(office, petition, days)))
        run_due_jobs(office, now=at(due_in(office, petition, days), 14))
    clerk = who(office, "clerk").id
    steps = [
        row["step"] for row in rows(office)
        if row["officer_id"] == clerk and row["kind"] == KIND.OVERDUE
    ]  # fmt: skip
    assert steps == [1, 3, 7, 12, 17]
    assert told(office, "clerk", due_in(office, petition, 17)).count(KIND.OVERDUE) == 1


def test_a_moved_date_withdraws_its_warning_and_warns_anew(office):
    petition = assigned(office, file(office))
    day = due_in(office, petition, 0)
    run_due_jobs(office, now=at(day))
    later = office.calendar.add_working_days(day, 2)
    with office.store.write() as tx:
        tx.execute(update(petitions).where(petitions.c.id == petition.id).values(next_due=later))
    assert told(office, "clerk", day) == []


def test_what_is_answered_is_not_shown_any_more(office):
    petition = assigned(office, file(office))
    day = due_in(office, petition, 3)
    run_due_jobs(office, now=at(day))
    with office.store.write() as tx:
        clerk = get_officer(tx, "clerk")
        given = actions.Answer("Xong.")
        actions.answer(office, tx, clerk, petition.reference, given, now=at(day))
    assert told(office, "clerk", day) == told(office, "head", day) == []


def test_a_denunciation_is_told_to_cleared_officers_only(office):
    hire(office, "cleared", Role.AGENCY_CLERK, agency_of(office, "so-xay-dung"), cleared=True)
    petition = file_signed(office, PetitionKind.TC)
    day = due_in(office, petition, 7)
    run_due_jobs(office, now=at(day))
    assert told(office, "cleared", day) == [KIND.OVERDUE]
    assert {row["officer_id"] for row in about_petitions(office)} == {who(office, "cleared").id}


def test_an_agency_without_officers_leaves_its_petitions_to_the_reception_desk(office):
    empty = agency_of(office, "so-y-te")
    petition = file(office, agency=empty, agency_class="so-y-te")
    day = due_in(office, petition, 0)
    run_due_jobs(office, now=at(day))
    assert told(office, "desk", day) == [KIND.DUE_TODAY]


def test_an_agencys_own_steps_hold_for_it_alone(office, tmp_path):
    own = agency_of(office, "so-xay-dung")
    (tmp_path / "warnings.toml").write_text(
        f'[agency.{own}]\nsteps = [{{ days = -5, to = ["handler"] }}]\n'
    )
    petition = assigned(office, file(office))
    day = due_in(office, petition, -5)
    run_due_jobs(office, now=at(day))
    assert told(office, "clerk", day) == [KIND.DUE_SOON]


# ---- when -----------------------------------------------------------------------------------


@pytest.mark.parametrize("hour", [0, 7, 12, 18, 23])
def test_nobody_is_warned_outside_office_hours(office, hour):
    petition = assigned(office, file(office))
    report = run_due_jobs(office, now=at(due_in(office, petition, 0), hour))
    assert (report.warned, rows(office)) == (None, [])


def test_nobody_is_warned_on_days_off_but_on_the_next_working_day(office):
    petition = assigned(office, file(office))
    due = petition.next_due
    off = due + timedelta(days=1)
    while office.calendar.is_working_day(off):
        off += timedelta(days=1)
    assert run_due_jobs(office, now=at(off)).warned is None
    run_due_jobs(office, now=at(office.calendar.roll_forward(off)))
    assert told(office, "clerk", office.calendar.roll_forward(off)) == [KIND.OVERDUE]


def test_a_step_that_was_slept_through_is_made_up_for(office):
    petition = assigned(office, file(office))
    day = due_in(office, petition, -2)
    run_due_jobs(office, now=at(day))
    assert told(office, "clerk", day) == [KIND.DUE_SOON]


# ---- news -----------------------------------------------------------------------------------


def test_new_and_assigned_petitions_are_told_but_not_to_who_did_it(office):
    run_due_jobs(office, now=NOW)
    petition = file(office)
    run_due_jobs(office, now=NOW + timedelta(minutes=5))
    assert told(office, "clerk", TODAY) == told(office, "clerk2", TODAY) == [KIND.NEW]
    with office.store.write() as tx:
        head, clerk = get_officer(tx, "head"), get_officer(tx, "clerk")
        actions.assign(office, tx, head, petition.reference, to=clerk, now=NOW)
    run_due_jobs(office, now=NOW + timedelta(minutes=10))
    assert told(office, "clerk", TODAY) == [KIND.ASSIGNED]
    assert told(office, "clerk2", TODAY) == told(office, "head", TODAY) == []


def test_what_happened_before_the_first_run_is_no_news(office):
    file(office)
    run_due_jobs(office, now=NOW)
    run_due_jobs(office, now=NOW + timedelta(minutes=5))
    assert about_petitions(office) == []


def test_a_notice_is_seen_once_looked_at(office):
    run_due_jobs(office, now=NOW)
    file(office)
    run_due_jobs(office, now=NOW + timedelta(minutes=5))
    clerk = who(office, "clerk")
    with office.store.read() as tx:
        shown = notices_for(office, tx, clerk, today=TODAY)
        assert unseen_count(office, tx, clerk, today=TODAY) == len(shown) > 1
    newest = max(each.id for each in shown)
    with office.store.write() as tx:
        mark_seen(tx, clerk, up_to=newest - 1, now=NOW)
        assert unseen_count(office, tx, clerk, today=TODAY) == 1
        mark_seen(tx, clerk, up_to=newest, now=NOW)
        assert unseen_count(office, tx, clerk, today=TODAY) == 0


# ---- the head's view ------------------------------------------------------------------------


def test_the_head_sees_what_is_overdue_with_untaken_petitions_first(office):
    taken = assigned(office, file(office))
    untaken = file(office, now=NOW + timedelta(days=1))
    file(office, now=NOW + timedelta(days=60))
    day = due_in(office, untaken, 3)
    with office.store.read() as tx:
        shown = overdue_petitions(office, tx, get_officer(tx, "head"), today=day)
    assert [each.reference for each in shown] == [untaken.reference, taken.reference]


# ---- reception duty -------------------------------------------------------------------------

OCTOBER_ENDED = date(2026, 11, 3)


def hold(office, agency, day, chair="head"):
    with office.store.write() as tx:
        tx.execute(
            insert(reception_days).values(
                uid=f"{day}{chair}",
                agency=agency,
                on=day,
                regime="periodic",
                chair=chair,
                held=True,
            )
        )


def duty_rows(office):
    return [row for row in rows(office) if row["kind"] in (KIND.DUTY_MISSED, KIND.DUTY_DUE)]


def test_a_commune_chair_who_held_one_of_two_days_is_reminded(office):
    commune = "vlg-ubnd-xa-long-ho"
    hire(office, "commune", Role.HEAD, commune)
    hold(office, commune, date(2026, 10, 6))
    hold(office, commune, date(2026, 10, 20), chair="delegate")
    run_due_jobs(office, now=at(OCTOBER_ENDED))
    mine = [row for row in duty_rows(office) if row["agency"] == commune]
    october = [row for row in mine if row["due"] == date(2026, 10, 31)]
    assert [(row["kind"], row["step"]) for row in october] == [(KIND.DUTY_MISSED, 1)]


def test_a_held_duty_is_not_told(office):
    own = agency_of(office, "so-xay-dung")
    hold(office, own, date(2026, 10, 6))
    run_due_jobs(office, now=at(OCTOBER_ENDED))
    assert date(2026, 10, 31) not in {r["due"] for r in duty_rows(office) if r["agency"] == own}


def test_the_last_chance_of_a_period_is_told_before_it_passes(office):
    own = agency_of(office, "so-xay-dung")
    near_the_end = date(2026, 11, 26)
    run_due_jobs(office, now=at(near_the_end))
    november = {
        row["kind"] for row in duty_rows(office)
        if row["agency"] == own and row["due"] == date(2026, 11, 30)
    }  # fmt: skip
    assert november == {KIND.DUTY_DUE}
    run_due_jobs(office, now=at(date(2026, 12, 1)))
    assert set(told_of_duty(office, "head", date(2026, 12, 1))) == {KIND.DUTY_MISSED}


# ---- many processes -------------------------------------------------------------------------


def test_of_many_processes_one_does_the_work(office):
    petition = assigned(office, file(office))
    now = at(due_in(office, petition, 3))
    with ThreadPoolExecutor(6) as processes:
        reports = list(processes.map(lambda _: run_due_jobs(office, now=now), range(6)))
    assert len([r.warned for r in reports if r.warned is not None]) == 1
    assert len(about_petitions(office)) == 2
    assert [r.told for r in reports if r.told is not None] == [1]


def test_work_that_was_killed_is_taken_up_after_its_lease(office):
    def killed():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_slot(office, "test", "one", killed, now=NOW)
    soon, later = NOW + timedelta(minutes=5), NOW + timedelta(minutes=31)
    assert in_slot(office, "test", "one", lambda: 7, now=soon) is None
    assert in_slot(office, "test", "one", lambda: 7, now=later) == 7
    assert in_slot(office, "test", "one", lambda: 7, now=later + timedelta(days=1)) is None


def test_notices_hold_codes_and_days_only(office):
    petition = file(office)
    run_due_jobs(office, now=at(due_in(office, petition, 3)))
    text = " ".join(str(value) for row in rows(office) for value in row.values())
    assert "Nghiệm" not in text
    assert "xe buýt" not in text


def test_old_slots_and_notices_are_cleared_away(office):
    petition = file(office)
    run_due_jobs(office, now=at(due_in(office, petition, 3)))
    a_year_later = NOW + timedelta(days=365)
    run_due_jobs(office, now=a_year_later)
    with office.store.read() as tx:
        days = set(tx.execute(select(jobs.c.slot).where(jobs.c.name == "daily-sweep")).scalars())
    assert len(days) == 1
    assert {row["created_at"] for row in rows(office)} == {a_year_later}


# ---- what a citizen adds --------------------------------------------------------------------


def add(office, petition, *, by=None):
    with office.store.write() as tx:
        actions.add_information(
            office, tx, petition.reference, text="Thêm một ý.", officer=by, now=NOW
        )


def test_what_a_citizen_adds_is_told_to_the_officer_in_charge(office):
    run_due_jobs(office, now=NOW)
    petition = assigned(office, file(office))
    add(office, petition)
    run_due_jobs(office, now=NOW + timedelta(minutes=5))
    assert told(office, "clerk", TODAY) == [KIND.ASSIGNED, KIND.INFORMATION_ADDED]
    assert told(office, "clerk2", TODAY) == told(office, "head", TODAY) == []


def test_what_an_officer_adds_on_the_citizens_word_is_no_news(office):
    run_due_jobs(office, now=NOW)
    petition = file(office)
    run_due_jobs(office, now=NOW + timedelta(minutes=5))
    add(office, petition, by=who(office, "clerk2"))
    run_due_jobs(office, now=NOW + timedelta(minutes=10))
    assert told(office, "clerk", TODAY) == [KIND.NEW]


def test_seeing_one_notice_leaves_the_others_and_takes_older_ones_of_the_matter(office):
    run_due_jobs(office, now=NOW)
    petition, other = file(office), file(office)
    run_due_jobs(office, now=NOW + timedelta(minutes=5))
    day = due_in(office, petition, -1)
    for days in (-3, -1):
        run_due_jobs(office, now=at(due_in(office, petition, days)))
    clerk, stranger = who(office, "clerk"), who(office, "clerk2")

    def unseen():
        with office.store.read() as tx:
            shown = notices_for(office, tx, clerk, today=day)
        return {(each.reference, each.kind) for each in shown if each.seen_at is None}

    def latest():
        with office.store.read() as tx:
            shown = notices_for(office, tx, clerk, today=day)
        return next(
            each.id
            for each in shown
            if each.reference == petition.reference and each.kind is KIND.DUE_SOON
        )

    before = unseen()
    with office.store.write() as tx:
        mark_one_seen(tx, stranger, latest(), now=NOW)
    assert unseen() == before
    with office.store.write() as tx:
        mark_one_seen(tx, clerk, latest(), now=NOW)
    assert before - unseen() == {(petition.reference, KIND.DUE_SOON)}
    with office.store.write() as tx:
        mark_petition_seen(tx, clerk, petition.id, up_to=latest() + 1000, now=NOW)
    assert {reference for reference, _ in unseen() if reference} == {other.reference}
    about = [row for row in about_petitions(office) if row["officer_id"] == clerk.id]
    assert all(row["seen_at"] for row in about if row["petition_id"] == petition.id)

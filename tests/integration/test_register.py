"""The reception register on real databases: what is entered, traced, refused, voided, fixed."""

from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from intake import register
from intake.clock import CIVIL_ZONE
from intake.errors import InvalidInput, NotAllowed, NotFound
from intake.periods import resolve_period
from intake.petition import PetitionKind
from intake.register import DayForm, VisitForm
from intake.statistics import statistics_of
from intake.status import Role
from intake.store.tables import timeline, visits
from tests import factories
from tests.factories import NOW, TODAY, file, officer

BUILDING = "vlg-so-xay-dung"
Q3 = resolve_period("2026-Q3", "ttcp", today=TODAY)


@pytest.fixture
def office(database_url, tmp_path):
    built = factories.build_office(database_url, tmp_path)
    with closing(built.store):
        yield built


@pytest.fixture
def clerk(office):
    return officer(office, Role.AGENCY_CLERK)


def do(office, action, *arguments, now=NOW, **named):
    with office.store.write() as tx:
        return action(office, tx, *arguments, now=now, **named)


def value(office, number, first=TODAY, last=TODAY, agency=BUILDING):
    with office.store.read() as tx:
        return statistics_of(office, tx, (agency,), first, last).value(number)


def regular(**changes):
    return VisitForm("regular", "staff", **changes)


def test_a_visit_is_counted_traced_and_its_visitor_sealed(office, clerk):
    visit = do(
        office,
        register.record_visit,
        clerk,
        regular(people=2, visitor={"name": "Bà Canary"}, content="đường hư ở ấp Canary"),
    )
    assert (visit.agency, visit.on, visit.people, visit.large_group) == (BUILDING, TODAY, 2, False)
    assert len(visit.cases) == 1
    assert value(office, "01/TCD.c2") == 2
    with office.store.read() as tx:
        stored = repr([dict(row) for row in tx.execute(select(visits)).mappings()])
        entries = list(tx.execute(select(timeline)).mappings())
        opened = register.visit_summary(office, tx, clerk, visit.uid)
    assert "Canary" not in stored + repr([dict(row) for row in entries])
    assert [row["event"] for row in entries] == ["visit_recorded"]
    assert opened["visitor"]["name"] == "Bà Canary"


def test_a_visit_at_2330_belongs_to_that_civil_day(office, clerk):
    late = datetime(2026, 6, 14, 23, 30, tzinfo=CIVIL_ZONE)
    visit = do(office, register.record_visit, clerk, regular(at=late))
    assert visit.on == date(2026, 6, 14)
    after = do(office, register.record_visit, clerk, regular(at=late + timedelta(minutes=30)))
    assert after.on == date(2026, 6, 15)
    assert value(office, "01/TCD.c1", Q3.first_day, Q3.last_day) == 1


def test_five_people_are_a_large_group_and_four_are_not(office, clerk):
    five = do(office, register.record_visit, clerk, regular(people=5))
    four = do(office, register.record_visit, clerk, regular(people=4))
    assert (five.large_group, four.large_group) == (True, False)
    assert five.group_threshold == 5


def test_another_threshold_needs_a_note_and_is_kept_with_the_visit(office, clerk):
    with pytest.raises(InvalidInput) as refused:
        do(office, register.record_visit, clerk, regular(people=4, group_threshold=4))
    assert refused.value.values == {"field": "group_threshold", "reason": "note_required"}
    visit = do(
        office,
        register.record_visit,
        clerk,
        regular(people=4, group_threshold=4, group_note="Quy chế của tỉnh"),
    )
    assert (visit.large_group, visit.group_threshold) == (True, 4)


@pytest.mark.parametrize(
    ("regime", "receiver"),
    [("regular", "head"), ("periodic", "staff"), ("ad_hoc", "staff"), ("regular", "delegate")],
)
def test_the_receiver_must_fit_the_regime(office, clerk, regime, receiver):
    with pytest.raises(InvalidInput) as refused:
        do(office, register.record_visit, clerk, VisitForm(regime, receiver))
    assert refused.value.values["reason"] == "regime_mismatch"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"people": 0}, "people"),
        ({"on": TODAY + timedelta(days=1)}, "on"),
        ({"on": date(2010, 1, 1)}, "on"),
        ({"mode": "chat"}, "mode"),
        ({"result": "x"}, "result"),
        ({"content": "a" * 30_000}, "content"),
        ({"group_threshold": 1, "group_note": "x"}, "group_threshold"),
    ],
)
def test_impossible_values_are_refused_and_nothing_is_stored(office, clerk, changes, field):
    with pytest.raises(InvalidInput) as refused:
        do(office, register.record_visit, clerk, regular(**changes))
    assert refused.value.values["field"] == field
    assert value(office, "01/TCD.c1") == 0


def test_visits_about_one_petition_share_its_case(office, clerk):
    petition = file(office)
    first = do(office, register.record_visit, clerk, regular(petitions=(petition.reference,)))
    again = do(
        office, register.record_visit, clerk, regular(petitions=(petition.reference.lower(),))
    )
    assert first.cases == again.cases
    assert (value(office, "01/TCD.c1"), value(office, "01/TCD.c3")) == (2, 1)


def test_a_petition_the_officer_may_not_see_can_not_be_named(office, clerk):
    petition = file(office, PetitionKind.TC)
    with pytest.raises(NotFound):
        do(office, register.record_visit, clerk, regular(petitions=(petition.reference,)))


def test_a_void_visit_stays_on_record_and_is_not_counted(office, clerk):
    visit = do(office, register.record_visit, clerk, regular())
    void = do(office, register.void_visit, clerk, visit.uid, reason="entered_twice")
    assert void.status == "void"
    assert value(office, "01/TCD.c1") == 0
    with pytest.raises(InvalidInput):
        do(office, register.void_visit, clerk, visit.uid, reason="entered_twice")


def test_a_register_is_kept_by_its_own_agency_alone(office, clerk):
    visit = do(office, register.record_visit, clerk, regular())
    stranger = officer(office, Role.AGENCY_CLERK, agency="vlg-so-noi-vu")
    with pytest.raises(NotFound):
        do(office, register.void_visit, stranger, visit.uid, reason="wrong_data")
    for role in (Role.REPORTING, Role.ADMINISTRATOR):
        with pytest.raises(NotAllowed):
            do(office, register.record_visit, officer(office, role), regular())
    with office.store.read() as tx, pytest.raises(NotFound):
        register.visit_summary(office, tx, officer(office, Role.REPORTING), visit.uid)


def test_a_day_nobody_came_counts_as_held_until_a_visit_contradicts(office, clerk):
    day = do(office, register.schedule_day, clerk, DayForm(on=TODAY))
    assert day.held is None
    held = do(office, register.record_day, clerk, day.uid, held=True, nobody_came=True)
    assert (held.held, held.nobody_came) == (True, True)
    assert (value(office, "01/TCD.c10"), value(office, "reception.days.empty")) == (1, 1)
    with pytest.raises(InvalidInput) as refused:
        do(office, register.record_visit, clerk, VisitForm("periodic", "head"))
    assert refused.value.values == {"field": "reception_day", "reason": "already_recorded"}


def test_a_visit_on_an_announced_day_records_the_day_as_held(office, clerk):
    day = do(office, register.schedule_day, clerk, DayForm(on=TODAY))
    visit = do(office, register.record_visit, clerk, VisitForm("periodic", "head"))
    assert visit.reception_day == day.uid
    with pytest.raises(InvalidInput) as refused:
        do(office, register.record_day, clerk, day.uid, held=True, nobody_came=True)
    assert refused.value.values["reason"] == "visits_recorded"
    with office.store.read() as tx:
        assert register.get_day(tx, BUILDING, day.uid).held is True


def test_a_cancelled_day_needs_its_reason_and_is_not_counted(office, clerk):
    day = do(office, register.schedule_day, clerk, DayForm(on=TODAY))
    with pytest.raises(InvalidInput):
        do(office, register.record_day, clerk, day.uid, held=False)
    do(office, register.record_day, clerk, day.uid, held=False, reason="họp đột xuất")
    assert value(office, "01/TCD.c10") == 0
    with pytest.raises(InvalidInput):
        do(office, register.schedule_day, clerk, DayForm(on=TODAY))


def test_a_day_to_come_has_no_result_yet(office, clerk):
    day = do(office, register.schedule_day, clerk, DayForm(on=TODAY + timedelta(days=3)))
    with pytest.raises(InvalidInput) as refused:
        do(office, register.record_day, clerk, day.uid, held=True)
    assert refused.value.values["reason"] == "in_the_future"


def test_entries_are_checked_by_their_kind(office, clerk):
    entry = do(
        office, register.record_entry, clerk, "training", {"classes": 2, "people": 90}, on=TODAY
    )
    assert value(office, "06/QLKNTC.c5") == 90
    do(office, register.void_entry, clerk, entry.uid, reason="wrong_data")
    assert value(office, "06/QLKNTC.c5") == 0
    for values in (
        {"classes": 2},
        {"classes": -1, "people": 1},
        {"classes": "2", "people": 1},
        {"classes": 1, "people": 1, "name": "x"},
        {"classes": True, "people": 1},
    ):
        with pytest.raises(InvalidInput):
            do(office, register.record_entry, clerk, "training", values, on=TODAY)
    with pytest.raises(InvalidInput):
        do(
            office,
            register.record_entry,
            clerk,
            "dialogue",
            {"held": True, "opinions": 3, "answered": 4},
            on=TODAY,
        )


def test_a_result_names_a_decision_of_its_own_agency(office, clerk):
    due = do(
        office,
        register.record_entry,
        clerk,
        "enforcement_due",
        {"of": "complaint", "number": "5/QĐ", "state_money": 100},
        on=TODAY,
    )
    do(
        office,
        register.record_entry,
        clerk,
        "enforcement_result",
        {"obligation": f"entry:{due.uid}", "finished": True, "state_money": 100},
        on=TODAY,
    )
    cells = ("05/KQTH.c1", "05/KQTH.c2", "05/KQTH.c3", "05/KQTH.c5")
    assert [value(office, cell) for cell in cells] == [1, 1, 100, 100]
    stranger = officer(office, Role.AGENCY_CLERK, agency="vlg-so-noi-vu")
    for obligation in (f"entry:{due.uid}", "answer:999"):
        with pytest.raises(NotFound):
            do(
                office,
                register.record_entry,
                stranger,
                "enforcement_result",
                {"obligation": obligation, "finished": True},
                on=TODAY,
            )
    with pytest.raises(InvalidInput):
        do(
            office,
            register.record_entry,
            clerk,
            "enforcement_result",
            {"obligation": "1 OR 1=1", "finished": True},
            on=TODAY,
        )


def test_a_zero_is_stated_by_the_agency_after_the_period(office, clerk):
    stated = do(office, register.confirm_zero, clerk, Q3, ("01/TCD.c1",))
    assert (stated.by, stated.statements) == (clerk.username, ("01/TCD.c1",))
    again = do(office, register.confirm_zero, clerk, Q3, ("01/TCD.c1", "02/XLD.c1"))
    assert again.statements == ("01/TCD.c1", "02/XLD.c1")
    running = resolve_period("2026-Q4", "ttcp", today=TODAY)
    with pytest.raises(InvalidInput) as refused:
        do(office, register.confirm_zero, clerk, running, ("01/TCD.c1",))
    assert refused.value.values["reason"] == "not_over"
    with pytest.raises(NotAllowed):
        do(office, register.confirm_zero, officer(office, Role.RECEPTION_DESK), Q3, ("01/TCD.c1",))


def test_numbers_are_seen_by_the_own_agency_those_above_and_the_centre(office):
    def may(role, agency, of=BUILDING):
        return register.can_view_statistics(
            officer(office, role, agency=agency), of, office.directory
        )

    centre = office.directory.province.reception_centres[0]
    assert may(Role.REPORTING, BUILDING)
    assert may(Role.AGENCY_CLERK, BUILDING)
    assert may(Role.REPORTING, "vlg-ubnd-tinh")
    assert may(Role.REPORTING, centre)
    assert not may(Role.REPORTING, "vlg-so-noi-vu")
    assert not may(Role.AGENCY_CLERK, "vlg-ubnd-tinh")
    assert not may(Role.ADMINISTRATOR, BUILDING)


def test_what_was_processed_in_one_quarter_stays_there_when_withdrawn_in_the_next(office):
    from intake import actions

    june = datetime(2026, 6, 10, 3, tzinfo=UTC)
    petition = file(office, now=june)
    by = officer(office, Role.AGENCY_CLERK)
    do(office, actions.accept, by, petition.reference, now=june)
    do(office, actions.withdraw, petition.reference, now=june + timedelta(days=9), officer=by)
    q2 = resolve_period("2026-Q2", "ttcp", today=TODAY)
    cells = ("02/XLD.c1", "02/XLD.c2", "02/XLD.c4")
    assert [value(office, cell, q2.first_day, q2.last_day) for cell in cells] == [1, 1, 1]
    assert [value(office, cell, Q3.first_day, Q3.last_day) for cell in cells] == [0, 0, 0]


def test_a_complaint_that_may_not_be_accepted_is_eligible_all_the_same(office):
    from intake import actions

    petition = factories.file_signed(office, PetitionKind.KN)
    by = officer(office, Role.AGENCY_CLERK)
    do(
        office,
        actions.reject,
        by,
        petition.reference,
        ground="KN-11-2",
        now=NOW + timedelta(days=1),
    )
    tomorrow = TODAY + timedelta(days=1)
    cells = ("02/XLD.c3", "02/XLD.c6", "03/GQKN.c2", "03/GQKN.c5")
    assert [value(office, cell, TODAY, tomorrow) for cell in cells] == [1, 1, 1, 1]

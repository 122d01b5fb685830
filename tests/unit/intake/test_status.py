"""The lifecycle table: complete, and the one that the documents show."""

from pathlib import Path

from intake.status import TRANSITIONS, Action, PetitionStatus, Role, actions_from, lifecycle_diagram

DOCS = Path(__file__).parents[3] / "docs"


def test_every_action_has_its_row_and_somebody_who_may_do_it():
    assert set(TRANSITIONS) == set(Action)
    assert all(row.leads and row.roles for row in TRANSITIONS.values())


def test_every_status_but_the_first_is_reached_by_some_action():
    reached = {target for row in TRANSITIONS.values() for target in row.leads.values()}
    assert reached == set(PetitionStatus)


def test_no_petition_is_stuck_in_an_open_status():
    for status in PetitionStatus:
        if status.is_open:
            leaving = [r for r in actions_from(status) if r.leads[status] is not status]
            assert leaving, status


def test_two_actions_never_leave_the_same_trace():
    events = [row.event for row in TRANSITIONS.values()]
    assert len(events) == len(set(events))


def test_reporting_staff_and_administrators_change_no_petition():
    for row in TRANSITIONS.values():
        assert not row.roles & {Role.REPORTING, Role.ADMINISTRATOR, Role.SYSTEM}


def test_the_diagram_in_the_documents_is_the_table():
    assert lifecycle_diagram() in (DOCS / "lifecycle.md").read_text(encoding="utf-8")

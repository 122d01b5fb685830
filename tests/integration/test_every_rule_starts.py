"""Every rule of the table can be started by what officers do: no date exists on paper only."""

from contextlib import closing
from datetime import date, datetime, time, timedelta

import pytest

from intake import actions
from intake.clock import CIVIL_ZONE
from intake.deadlines import MET, MISSED, RUNNING
from intake.due import due_view
from intake.errors import InvalidInput
from intake.obligations import owed_steps, possible_occurrences
from intake.petition import PetitionKind
from intake.rules import DUTY, TERM_EXPIRED
from intake.status import PetitionStatus, Role
from intake.store.petitions import clock_events_of, get_petition
from intake.timeline import entries_of
from intake.workdays import CalendarYearMissing
from tests import factories
from tests.factories import NOW, TODAY, file, file_signed, officer

KN, KN_KL, TC = PetitionKind.KN, PetitionKind.KN_KL, PetitionKind.TC
KNPA, PAKN = PetitionKind.KNPA, PetitionKind.PAKN
DAY = timedelta(days=1)


@pytest.fixture
def office(database_url, tmp_path):
    built = factories.build_office(database_url, tmp_path)
    with closing(built.store):
        yield built


class Desk:
    """An officer at work on one petition, a day for each step."""

    def __init__(self, office, kind, **changes):
        self.office = office
        signed = kind not in (KNPA, PAKN)
        self.petition = (file_signed if signed else file)(office, kind, **changes)
        self.now = NOW
        self.seen = set()
        self.look()

    @property
    def today(self):
        return self.now.astimezone(CIVIL_ZONE).date()

    def look(self):
        with self.office.store.read() as tx:
            self.petition = get_petition(tx, self.petition.reference)
            self.view = due_view(self.office, tx, self.petition, today=self.today)
            self.happened = {row.event for row in clock_events_of(tx, self.petition.id)}
        self.seen |= {row.rule for row in self.view.deadlines}

    def do(self, action, *arguments, role=Role.HEAD, **named):
        self.now += DAY
        by = officer(self.office, role, agency=self.petition.agency, denunciations=True)
        with self.office.store.write() as tx:
            action(self.office, tx, by, self.petition.reference, *arguments, now=self.now, **named)
        self.look()
        return self

    def classify(self, **facts):
        return self.do(actions.reclassify, kind=self.petition.kind, **facts)

    def accept(self, **found):
        return self.do(actions.accept, file=actions.CheckedFile(**found))

    def step(self, event, **named):
        return self.do(actions.record_step, event=event, **named)

    def answer(self, verdict=None):
        return self.do(actions.answer, actions.Answer("Đã xem xét.", "9/QĐ", verdict))

    def offered(self):
        rules = self.office.rules
        return {row.event for row in possible_occurrences(rules, self.petition, self.happened)}

    def row(self, rule):
        return next(row for row in self.view.deadlines if row.rule == rule)


def complaint(office, **facts):
    desk = Desk(office, KN)
    if facts:
        desk.classify(**facts)
    return desk


def histories(office):
    """What officers do in the course of ordinary and less ordinary files."""
    yield (
        complaint(office, facts={"forwarded_by_elected_body": True})
        .accept(decision_known_on=date(2026, 10, 1))
        .step("documents_requested")
        .step("dialogue", on=TODAY + 20 * DAY)
        .do(actions.suspend, ground="KN-11a-waiting", document_number="1/QĐ")
        .do(actions.resume, document_number="2/QĐ")
        .do(actions.extend, document_number="3/TB", criteria=["3a-a"])
        .answer("true")
        .step("decision_received")
        .step("result_notice_received")
    )
    yield complaint(office).accept()
    yield (
        complaint(office, remote=True)
        .accept()
        .do(actions.extend, document_number="3/TB", criteria=["3a-a"])
        .answer("true")
    )
    for remote in (False, True):
        second = Desk(office, KN, instance=2)
        if remote:
            second.classify(remote=True)
        second.accept(decision_known_on=date(2026, 10, 20), first_decision_number="5/QĐ")
        second.do(actions.extend, document_number="3/TB", criteria=["3a-a"])
        yield second.answer("upheld")
    discipline = Desk(office, KN_KL)
    yield (
        discipline.accept(decision_known_on=date(2026, 10, 25))
        .do(actions.extend, document_number="3/TB", criteria=["3a-a"])
        .answer("true")
    )
    yield Desk(office, KN_KL).classify(dismissal=True).accept().answer("true")
    last = Desk(office, KN_KL, instance=2)
    last.accept(decision_known_on=date(2026, 10, 28), first_decision_number="5/QĐ")
    yield last.answer("upheld")
    yield (
        Desk(office, TC)
        .step("repeat_denunciation")
        .step("overdue_denunciation")
        .step("report_demanded")
        .accept()
        .do(actions.suspend, ground="TC-34-waiting", document_number="1/QĐ")
        .do(actions.resume, document_number="2/QĐ")
        .do(actions.extend, document_number="3/QĐ", criteria=["TC-3-1"])
        .answer("true")
        .step("handling_result")
    )
    yield (
        Desk(office, TC)
        .accept()
        .do(actions.extend, document_number="3/QĐ", criteria=["TC-3-1", "TC-3-2"])
    )
    yield Desk(office, TC).classify(several_places=True)
    yield Desk(office, TC).classify(own_competence=False)
    yield Desk(office, PAKN).classify(own_competence=False)
    yield (
        Desk(office, KNPA)
        .step("refusal_grounds")
        .step("online_session", on=TODAY + 20 * DAY, at=time(8, 30))
        .do(actions.reject, ground="KNPA-UNCLEAR")
    )


def test_each_rule_with_a_figure_is_started_by_some_officer_s_action(office):
    needed = {r.id for r in office.rules.all() if r.amount is not None and r.kinds != (DUTY,)}
    seen = set().union(*(desk.seen for desk in histories(office)))
    assert needed - seen == set()


def test_each_event_that_starts_or_ends_a_rule_is_recorded_by_an_action_or_found(office):
    """A new rule needs its events to be reachable: this names the ones that are not."""
    written = {
        "received", "accepted", "suspended", "resumed", "extended", "decided",
        "conclusion_issued", "answered", "rejected", "guided", "forwarded", "withdrawn",
        "terminated", "archived", "decision_known", "complained_again",
    }  # fmt: skip
    rules = office.rules
    by_hand = {row.id for row in rules.events.values() if row.occurs or row.recorded}
    used = {event for rule in rules.all() for event in (*rule.starts_on, *rule.ends_on)}
    assert used - written - by_hand == {TERM_EXPIRED}


# ---- what comes about -----------------------------------------------------------------------


def test_a_meeting_ahead_asks_for_its_invitation_five_days_before(office):
    desk = complaint(office).accept().step("dialogue", on=date(2026, 12, 7))
    row = desk.row("KN-DIALOG")
    assert (row.due, row.state) == (date(2026, 12, 2), RUNNING)
    assert "dialogue_invited" in [s.event for s in owed_steps(office.rules, desk.view)]
    desk.step("dialogue_invited", document_number="7/GM")
    assert (desk.row("KN-DIALOG").state, desk.row("KN-DIALOG").closed_on) == (MET, desk.today)


def test_an_online_reception_counts_back_from_its_hour(office):
    desk = Desk(office, KNPA).step("online_session", on=date(2026, 11, 27), at=time(8, 30))
    assert desk.row("TCD-ONLINE-NOTICE").due == date(2026, 11, 19)
    assert desk.row("TCD-ONLINE-TEST").due == date(2026, 11, 26)
    assert desk.row("TCD-ONLINE-LINK").due_at == time(7, 30)
    with office.store.read() as tx:
        assert entries_of(tx, desk.petition.id)[-1].values["at"] == "08:30"


def test_a_dialogue_is_offered_after_acceptance_and_a_result_after_the_conclusion(office):
    desk = complaint(office)
    assert "dialogue" not in desk.offered()
    assert "dialogue" in desk.accept().offered()
    other = Desk(office, TC).accept()
    assert "handling_result" not in other.offered()
    assert "handling_result" in other.answer("true").offered()
    assert "dialogue" not in other.offered()


@pytest.mark.parametrize(
    ("event", "given", "field", "reason"),
    [
        ("handling_result", {}, "event", "not_owed"),
        ("accepted", {}, "event", "not_owed"),
        ("documents_requested", {"on": TODAY + 40 * DAY}, "on", "in_the_future"),
        ("documents_requested", {"on": TODAY - DAY}, "on", "too_early"),
        ("documents_requested", {"at": time(8, 0)}, "at", "not_asked"),
        ("online_session", {"on": TODAY + 9 * DAY}, "at", "required"),
    ],
)
def test_what_cannot_have_come_about_is_refused(office, event, given, field, reason):
    desk = complaint(office).accept()
    with pytest.raises(InvalidInput) as refused:
        desk.step(event, **given)
    assert refused.value.values == {"field": field, "reason": reason}


def test_a_meeting_in_a_year_without_a_calendar_is_refused_and_leaves_the_dates_alone(office):
    desk = complaint(office).accept()
    with pytest.raises(CalendarYearMissing):
        desk.step("dialogue", on=date(2031, 3, 3))
    desk.look()
    assert desk.view.missing_year is None


def test_information_outside_the_law_on_denunciations_starts_none_of_its_terms(office):
    desk = Desk(office, TC, petitioners=(), anonymous=True).classify(as_information=True)
    assert {"repeat_denunciation", "overdue_denunciation"}.isdisjoint(desk.offered())


def test_what_comes_to_a_closed_file_is_owed_and_dated_all_the_same(office):
    desk = Desk(office, TC).accept().answer("true").do(actions.close)
    assert desk.petition.next_due is None
    desk.step("handling_result")
    assert desk.petition.status is PetitionStatus.CLOSED
    assert desk.petition.next_rule == "TC-CONCL-BACK"
    desk.step("handling_result_reported")
    assert desk.petition.next_due is None


def test_a_termination_to_be_sent_is_the_next_date_of_a_withdrawn_complaint(office):
    desk = complaint(office).accept()
    by = officer(office, agency=desk.petition.agency)
    with office.store.write() as tx:
        actions.withdraw(
            office, tx, desk.petition.reference, officer=by, termination_number="3/QĐ",
            now=desk.now + DAY,
        )  # fmt: skip
    desk.look()
    assert desk.petition.next_rule == "KN-SUSP-SEND"
    desk.now += DAY
    desk.step("suspension_sent")
    assert desk.petition.next_due is None


# ---- facts ----------------------------------------------------------------------------------


def test_a_denunciation_at_the_wrong_door_has_five_working_days_to_be_passed_on(office):
    desk = Desk(office, TC).classify(own_competence=False)
    assert "TC-INIT" not in {row.rule for row in desk.view.deadlines}
    assert desk.row("TC-FWD").due == date(2026, 11, 10)
    target = factories.agency_of(office, "thanh-tra")
    desk.do(actions.forward, agency=target, reason="Đúng thẩm quyền")
    assert desk.petition.own_competence
    assert "TC-INIT" in {row.rule for row in desk.view.deadlines}


@pytest.mark.parametrize("fact", ["presented_in_person", "already_sent_to_competent_body"])
def test_a_denunciation_that_need_not_be_passed_on_has_no_term_for_it(office, fact):
    desk = Desk(office, TC).classify(own_competence=False)
    desk.classify(facts={fact: True})
    assert desk.petition.facts == (fact,)
    assert "TC-FWD" not in {row.rule for row in desk.view.deadlines}
    desk.classify(facts={fact: False})
    assert "TC-FWD" in {row.rule for row in desk.view.deadlines}


def test_who_passed_it_on_is_told_only_if_it_was_an_elected_body(office):
    plain = complaint(office).accept().answer("true")
    assert "TCD-BACK-FORWARDER" not in {row.rule for row in plain.view.deadlines}
    sent = complaint(office, facts={"forwarded_by_elected_body": True}).accept().answer("true")
    assert sent.row("TCD-BACK-FORWARDER").start == sent.today
    sent.step("forwarder_informed")
    assert sent.row("TCD-BACK-FORWARDER").state == MET


def test_a_fact_the_law_does_not_know_is_refused(office):
    with pytest.raises(InvalidInput) as refused:
        complaint(office).classify(facts={"rich": True})
    assert refused.value.values["field"] == "facts"


def test_especially_complex_extends_by_its_own_provision_from_the_first_time(office):
    desk = Desk(office, TC).accept()
    desk.do(actions.extend, document_number="1", criteria=["TC-3-1", "TC-3-2"])
    assert "khoản 3" in desk.row("TC-EXT-S").citation or "k3" in desk.row("TC-EXT-S").citation
    assert "TC-EXT-C" not in {row.rule for row in desk.view.deadlines}


# ---- a second complaint ---------------------------------------------------------------------


def case_of_two(office, order):
    first = complaint(office).accept().answer("true")
    second = Desk(office, KN, instance=2)
    one, other = (first, second) if order == "first" else (second, first)
    one.do(actions.link, to=other.petition.reference)
    first.now = first.now + 3 * DAY
    first.look()
    return first, second


@pytest.mark.parametrize("order", ["first", "second"])
def test_a_second_complaint_stops_the_first_decision_from_taking_effect(office, order):
    first, second = case_of_two(office, order)
    assert "KN-EFF-1" not in {row.rule for row in first.view.deadlines}
    assert first.row("KN-FILE-2").state in (MET, MISSED, RUNNING)
    with office.store.read() as tx:
        (noted,) = [
            e for e in clock_events_of(tx, first.petition.id) if e.event == "complained_again"
        ]
        entry = entries_of(tx, first.petition.id)
    assert noted.on == second.petition.legal_received_on
    assert [row.values["to"] for row in entry if row.event == "complained_again"] == [
        second.petition.reference
    ]


def test_the_second_complaint_is_noted_once_however_much_is_done_to_it(office):
    first, second = case_of_two(office, "first")
    version = first.petition.version
    second.now = first.now
    second.accept(decision_known_on=TODAY, first_decision_number="9/QĐ")
    first.look()
    assert first.petition.version == version


def test_a_second_complaint_that_is_only_a_message_is_noted_when_its_paper_comes(office):
    first = complaint(office).accept().answer("true")
    message = file(office, KN, instance=2)
    first.do(actions.link, to=message.reference)
    assert "KN-EFF-1" in {row.rule for row in first.view.deadlines}
    with office.store.write() as tx:
        actions.receive_signed(
            office, tx, officer(office, Role.RECEPTION_DESK), message.reference,
            on=first.today, now=first.now,
        )  # fmt: skip
    first.look()
    assert "KN-EFF-1" not in {row.rule for row in first.view.deadlines}
    assert first.row("KN-FILE-2").state == MET


def test_two_first_complaints_in_one_case_leave_it_open_which_one_goes_on(office):
    one, other = complaint(office), complaint(office)
    one.do(actions.link, to=other.petition.reference)
    second = Desk(office, KN, instance=2).do(actions.link, to=one.petition.reference)
    assert second.petition.case_id is not None
    for desk in (one, other):
        desk.look()
        assert "complained_again" not in desk.happened


# ---- a stay taken up again on the same day --------------------------------------------------


def test_what_ended_the_old_stay_does_not_end_the_terms_of_the_one_begun_the_same_day(office):
    desk = Desk(office, KNPA)
    head = officer(office, Role.HEAD, agency=desk.petition.agency)
    at = datetime(2026, 11, 5, 9, tzinfo=CIVIL_ZONE)
    with office.store.write() as tx:
        actions.answer(office, tx, head, desk.petition.reference, actions.Answer("Xong."), now=at)
        actions.reopen(office, tx, head, desk.petition.reference, reason="Nhầm", now=at)
    desk.now = at
    desk.look()
    assert desk.row("TCD-RESULT").state == RUNNING
    assert desk.petition.next_rule is not None

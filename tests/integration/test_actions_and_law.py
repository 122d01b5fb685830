"""What the law asks of an action: groups, time bars, steps owed, withdrawal in part."""

from contextlib import closing
from datetime import date, datetime, timedelta

import pytest

from intake import actions
from intake.clock import CIVIL_ZONE
from intake.due import due_view
from intake.errors import InvalidInput, ItemsMissing, LawRefuses
from intake.obligations import owed_steps, recorded_steps
from intake.petition import PetitionKind, Source
from intake.status import Action, PetitionStatus, Role
from intake.store.petitions import clock_events_of, get_petition
from intake.timeline import entries_of
from tests import factories
from tests.factories import NOW, TODAY, accepted, file, file_signed, officer

KN, KN_KL, TC, KNPA = PetitionKind.KN, PetitionKind.KN_KL, PetitionKind.TC, PetitionKind.KNPA
LATER = NOW + timedelta(days=2)
GROUP_FILE = actions.CheckedFile(representatives=2, appointment=True, all_signed=True)


@pytest.fixture
def office(database_url, tmp_path):
    built = factories.build_office(database_url, tmp_path)
    with closing(built.store):
        yield built


def do(office, action, *arguments, now=LATER, **named):
    with office.store.write() as tx:
        return action(office, tx, *arguments, now=now, **named)


def by(office, petition, role=Role.AGENCY_CLERK):
    return officer(office, role, agency=petition.agency, denunciations=True)


def accept(office, petition, **found):
    return do(office, actions.accept, by(office, petition), petition.reference,
              file=actions.CheckedFile(**found))  # fmt: skip


def rules_of(office, petition, today=TODAY):
    with office.store.read() as tx:
        return {row.rule: row for row in due_view(office, tx, petition, today=today).deadlines}


def steps_of(office, petition, today=TODAY + timedelta(days=5)):
    with office.store.read() as tx:
        view = due_view(office, tx, petition, today=today)
    return [step.event for step in owed_steps(office.rules, view)]


def last_values(office, petition):
    with office.store.read() as tx:
        return entries_of(tx, petition.id)[-1].values


# ---- steps owed -----------------------------------------------------------------------------


def test_exactly_the_owed_steps_are_offered_and_a_recorded_one_ends_its_duty(office):
    petition = accepted(office, TC)
    assert steps_of(office, petition) == ["acceptance_notified"]
    done = do(
        office,
        actions.record_step,
        by(office, petition),
        petition.reference,
        event="acceptance_notified",
        on=TODAY + timedelta(days=2),
        document_number="8/TB",
    )
    assert done.status is PetitionStatus.ACCEPTED
    assert steps_of(office, done) == []
    met = rules_of(office, done, TODAY + timedelta(days=5))["TC-ACC-NOTICE"]
    assert (met.state, met.closed_on) == ("met", TODAY + timedelta(days=2))
    values = last_values(office, done)
    assert (values["step"], values["document_number"]) == ("acceptance_notified", "8/TB")


def test_after_the_conclusion_everything_it_obliges_to_is_offered(office):
    petition = accepted(office, TC)
    given = actions.Answer("Đúng.", "9/KL", "true")
    done = do(office, actions.answer, by(office, petition), petition.reference, given)
    assert set(steps_of(office, done)) == {
        "acceptance_notified",
        "conclusion_sent",
        "conclusion_acted_on",
        "conclusion_published",
    }


@pytest.mark.parametrize(
    ("event", "on", "reason"),
    [
        ("decision_sent", None, "not_owed"),
        ("accepted", None, "not_owed"),
        ("no_event", None, "not_owed"),
        ("acceptance_notified", TODAY + timedelta(days=90), "in_the_future"),
        ("acceptance_notified", TODAY - timedelta(days=1), "too_early"),
    ],
)
def test_a_step_that_is_not_owed_or_not_possible_on_that_day_is_refused(office, event, on, reason):
    petition = accepted(office, TC)
    with pytest.raises(InvalidInput) as refused:
        do(office, actions.record_step, by(office, petition), petition.reference,
           event=event, on=on)  # fmt: skip
    assert refused.value.values["reason"] == reason


def test_before_acceptance_nothing_is_owed_that_only_acceptance_obliges_to(office):
    petition = file_signed(office, TC)
    with pytest.raises(InvalidInput) as refused:
        do(office, actions.record_step, by(office, petition), petition.reference,
           event="acceptance_notified")  # fmt: skip
    assert refused.value.values["reason"] == "not_owed"


# ---- steps recorded by mistake ---------------------------------------------------------------


def recorded_of(office, petition):
    with office.store.read() as tx:
        return recorded_steps(office.rules, clock_events_of(tx, petition.id))


def record(office, petition, event, **named):
    return do(
        office, actions.record_step, by(office, petition), petition.reference, event=event, **named
    )


def take_back(office, petition, step, mistake="wrong_day"):
    return do(
        office, actions.take_back_step, by(office, petition), petition.reference,
        step=step, mistake=mistake,
    )  # fmt: skip


def test_a_step_taken_back_is_owed_again_and_the_timeline_keeps_both(office):
    petition = accepted(office, TC)
    before = rules_of(office, petition, TODAY)
    record(office, petition, "acceptance_notified", document_number="8/TB")
    (step,) = recorded_of(office, petition)

    done = take_back(office, petition, step.id)

    assert steps_of(office, done) == ["acceptance_notified"]
    assert rules_of(office, done, TODAY) == before
    assert recorded_of(office, done) == ()
    with office.store.read() as tx:
        last = entries_of(tx, petition.id)[-2:]
    assert [entry.event for entry in last] == ["step_recorded", "step_taken_back"]
    assert last[1].values["step"] == "acceptance_notified"
    assert last[1].values["mistake"] == "wrong_day"
    assert record(office, done, "acceptance_notified", on=TODAY + timedelta(days=1))


def test_taking_back_what_came_about_ends_the_duties_it_began(office):
    petition = accepted(office, KN)
    before = rules_of(office, petition, TODAY)
    record(office, petition, "documents_requested")
    assert rules_of(office, petition, TODAY) != before

    take_back(office, petition, recorded_of(office, petition)[0].id, "not_done")

    assert rules_of(office, petition, TODAY) == before


def test_what_an_action_recorded_is_not_taken_back_by_hand(office):
    petition = accepted(office, KN)
    with office.store.read() as tx:
        accepted_row = next(r for r in clock_events_of(tx, petition.id) if r.event == "accepted")
    for step, mistake, field in (
        (accepted_row.id, "wrong_day", "step"),
        (0, "wrong_day", "step"),
    ):
        with pytest.raises(InvalidInput) as refused:
            take_back(office, petition, step, mistake)
        assert refused.value.values["field"] == field
    record(office, petition, "documents_requested")
    with pytest.raises(InvalidInput) as refused:
        take_back(office, petition, recorded_of(office, petition)[0].id, "just_so")
    assert refused.value.values["field"] == "mistake"
    assert recorded_of(office, petition)


# ---- groups ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [KN, TC, KNPA])
def test_a_petition_of_five_people_is_accepted_only_with_their_written_appointment(office, kind):
    petition = file_signed(office, kind, people=5)
    with pytest.raises(ItemsMissing) as refused:
        accept(office, petition)
    missing = {"appointment", "representatives"} | ({"all_signed"} if kind is KN else set())
    assert set(refused.value.values["items"]) == missing
    assert "Điều 29" in refused.value.values["citation"]
    done = do(office, actions.accept, by(office, petition), petition.reference, file=GROUP_FILE)
    assert (done.status, done.representatives) == (PetitionStatus.ACCEPTED, 2)


def test_four_people_need_no_appointment(office):
    assert accept(office, file_signed(office, KN, people=4)).status is PetitionStatus.ACCEPTED


@pytest.mark.parametrize(
    ("people", "representatives", "allowed"),
    [(5, 1, True), (5, 2, True), (10, 2, True), (10, 3, False), (11, 5, True), (11, 6, False)],
)
def test_how_many_may_represent_depends_on_how_many_there_are(
    office, people, representatives, allowed
):
    petition = file_signed(office, KN, people=people)
    found = {"representatives": representatives, "appointment": True, "all_signed": True}
    if allowed:
        assert accept(office, petition, **found).representatives == representatives
        return
    with pytest.raises(LawRefuses) as refused:
        accept(office, petition, **found)
    assert refused.value.values["rule"] == "wrong_representatives"
    assert f"{people} người" in refused.value.values["label"]


def test_what_the_desk_recorded_with_the_signed_paper_counts_when_accepting(office):
    petition = file(office, KN)
    do(office, actions.receive_signed, officer(office, Role.RECEPTION_DESK), petition.reference,
       on=TODAY, people=7, representatives=1, appointment=True, all_signed=True)  # fmt: skip
    assert accept(office, petition).people == 7


# ---- second instance and time bars ----------------------------------------------------------


def test_a_second_complaint_needs_the_first_decision(office):
    petition = file_signed(office, KN, instance=2)
    with pytest.raises(ItemsMissing) as refused:
        accept(office, petition)
    assert set(refused.value.values["items"]) == {"first_decision_number", "decision_known_on"}
    done = accept(office, petition, decision_known_on=date(2026, 10, 20),
                  first_decision_number="55/QĐ")  # fmt: skip
    assert "KN-R2" in rules_of(office, done)
    assert last_values(office, done)["first_decision_number"] == "55/QĐ"


def test_a_first_term_that_ran_out_stands_in_for_the_first_decision(office):
    petition = file_signed(office, KN, instance=2)
    done = accept(office, petition, decision_known_on=date(2026, 10, 20), first_unsettled=True)
    assert done.status is PetitionStatus.ACCEPTED


@pytest.mark.parametrize(
    ("kind", "instance", "facts", "last"),
    [
        # Counted back from the receipt on 3 November 2026, a Tuesday.
        (KN, 1, {}, date(2026, 8, 5)),
        (KN, 2, {}, date(2026, 10, 4)),
        (KN, 2, {"remote": True}, date(2026, 9, 19)),
        (KN_KL, 1, {}, date(2026, 10, 19)),
        (KN_KL, 2, {}, date(2026, 10, 24)),
        (KN_KL, 2, {"dismissal": True}, date(2026, 10, 4)),
    ],
)
def test_a_complaint_past_its_time_bar_is_refused_with_the_ground_at_hand(
    office, kind, instance, facts, last
):
    petition = file_signed(office, kind, instance=instance)
    if facts:
        do(office, actions.reclassify, by(office, petition), petition.reference, kind=kind,
           **facts)  # fmt: skip
    late = last - timedelta(days=1)
    with pytest.raises(LawRefuses) as refused:
        accept(office, petition, decision_known_on=late, first_decision_number="1")
    values = refused.value.values
    assert (values["rule"], values["ground"]) == ("time_barred", "KN-11-6")
    assert Action.REJECT in values["allowed"]
    assert "Điều" in values["citation"]
    done = accept(office, petition, decision_known_on=last, first_decision_number="1")
    assert done.status is PetitionStatus.ACCEPTED


def test_an_obstacle_lets_a_late_complaint_in_and_is_written_down(office):
    petition = file_signed(office, KN)
    long_ago = date(2019, 3, 1)  # before any year of the working calendar
    with pytest.raises(LawRefuses):
        accept(office, petition, decision_known_on=long_ago)
    with pytest.raises(InvalidInput):
        accept(office, petition, decision_known_on=long_ago, obstacle="KN-11-6")
    done = accept(office, petition, decision_known_on=long_ago, obstacle="KN-9-illness")
    assert last_values(office, done)["obstacle"] == "KN-9-illness"
    assert done.next_due is not None


def test_the_day_the_citizen_named_in_the_chat_is_checked_too(office):
    petition = file_signed(office, KN, answers={"decided_on": "2026-01-05"})
    with pytest.raises(LawRefuses):
        accept(office, petition)
    assert accept(office, petition, decision_known_on=TODAY).status is PetitionStatus.ACCEPTED


def test_a_decision_is_not_known_after_the_complaint_against_it_came(office):
    petition = file_signed(office, KN)
    with pytest.raises(InvalidInput) as refused:
        accept(office, petition, decision_known_on=TODAY + timedelta(days=1))
    assert refused.value.values["reason"] == "after_receipt"


def test_a_remote_area_gives_a_complaint_the_longer_term(office):
    petition = file_signed(office, KN)
    do(office, actions.reclassify, by(office, petition), petition.reference, kind=KN, remote=True)
    assert "KN-R1-V" in rules_of(office, accept(office, petition))


# ---- withdrawal -----------------------------------------------------------------------------


def test_who_does_not_withdraw_goes_on(office):
    petition = file_signed(office, KN, people=6)
    do(office, actions.accept, by(office, petition), petition.reference, file=GROUP_FILE)
    done = do(office, actions.withdraw, petition.reference, officer=by(office, petition),
              people=2, document_number="đơn 1")  # fmt: skip
    assert (done.status, done.people) == (PetitionStatus.ACCEPTED, 4)
    assert done.next_rule is not None
    with office.store.read() as tx:
        assert entries_of(tx, petition.id)[-1].event == "petition_withdrawn_in_part"
    gone = do(office, actions.withdraw, petition.reference, officer=by(office, petition), people=4)
    assert gone.status is PetitionStatus.WITHDRAWN


def test_content_that_is_not_withdrawn_goes_on(office):
    petition = accepted(office, TC)
    done = do(office, actions.withdraw, petition.reference, officer=by(office, petition),
              part=True)  # fmt: skip
    assert (done.status, done.people) == (PetitionStatus.ACCEPTED, petition.people)


@pytest.mark.parametrize(
    "given", [{"people": 2}, {"people": 0}, {"part": True, "termination_number": "3/QĐ"}]
)
def test_a_withdrawal_of_more_people_than_there_are_or_ending_what_goes_on_is_refused(
    office, given
):
    petition = accepted(office, KN)
    with pytest.raises(InvalidInput):
        do(office, actions.withdraw, petition.reference, officer=by(office, petition), **given)


def test_a_termination_decision_must_be_sent_and_the_sending_is_recorded(office):
    petition = accepted(office, KN)
    done = do(office, actions.withdraw, petition.reference, officer=by(office, petition),
              termination_number="3/QĐ")  # fmt: skip
    assert done.status is PetitionStatus.WITHDRAWN
    assert steps_of(office, done) == ["suspension_sent"]
    sent = do(office, actions.record_step, by(office, petition), petition.reference,
              event="suspension_sent")  # fmt: skip
    assert steps_of(office, sent) == []


# ---- anonymous denunciations ----------------------------------------------------------------


def test_an_anonymous_denunciation_is_not_accepted_as_one(office):
    petition = file_signed(office, TC, petitioners=(), anonymous=True)
    with pytest.raises(LawRefuses) as refused:
        accept(office, petition)
    values = refused.value.values
    assert values["rule"] == "anonymous_denunciation"
    assert {Action.RECLASSIFY, Action.FORWARD, Action.REJECT} == set(values["allowed"])


def test_information_has_no_terms_of_the_law_on_denunciations_and_stays_protected(office):
    petition = file_signed(office, TC, petitioners=(), anonymous=True)
    assert "TC-INIT" in rules_of(office, petition)
    done = do(office, actions.reclassify, by(office, petition), petition.reference, kind=TC,
              as_information=True)  # fmt: skip
    assert not any(rule.startswith("TC-") for rule in rules_of(office, done))
    assert "XLD-ALARM-45" in rules_of(office, done)
    assert done.kind is TC
    with pytest.raises(LawRefuses):
        accept(office, petition)
    closed = do(office, actions.answer, by(office, petition), petition.reference,
                actions.Answer("Đã thanh tra, không có vi phạm.", "4/BC"))  # fmt: skip
    assert closed.status is PetitionStatus.ANSWERED
    assert steps_of(office, closed) == []


def test_information_may_be_forwarded_for_inspection(office):
    petition = file_signed(office, TC, petitioners=(), anonymous=True)
    do(office, actions.reclassify, by(office, petition), petition.reference, kind=TC,
       as_information=True)  # fmt: skip
    target = factories.agency_of(office, "thanh-tra")
    done = do(office, actions.forward, by(office, petition), petition.reference, agency=target,
              reason="Để thanh tra")  # fmt: skip
    assert done.agency == target


def test_a_signed_paper_that_names_the_denouncer_makes_it_a_denunciation(office):
    petition = file(office, TC, petitioners=(), anonymous=True)
    do(office, actions.receive_signed, by(office, petition), petition.reference, on=TODAY)
    assert accept(office, petition).status is PetitionStatus.ACCEPTED


def test_only_a_denunciation_can_be_information(office):
    petition = file_signed(office, KN)
    with pytest.raises(InvalidInput):
        do(office, actions.reclassify, by(office, petition), petition.reference, kind=KN,
           as_information=True)  # fmt: skip


# ---- the transition of 1 July 2026 ----------------------------------------------------------


def received_on(office, day):
    now = datetime(day.year, day.month, day.day, 9, tzinfo=CIVIL_ZONE)
    return file(office, KN, source=Source.RECEPTION, signed_on=day, now=now)


def test_a_complaint_received_under_the_earlier_term_needs_a_person_s_confirmation(office):
    petition = received_on(office, date(2026, 6, 30))
    with pytest.raises(LawRefuses) as refused:
        accept(office, petition)
    assert refused.value.values["rule"] == "term_to_confirm"
    assert refused.value.values["verified"] is False
    with pytest.raises(InvalidInput):
        accept(office, petition, acceptance_rule="KN-R1")
    done = accept(office, petition, acceptance_rule="KN-ACC-LAW")
    assert last_values(office, done)["acceptance_rule"] == "KN-ACC-LAW"


def test_the_confirmed_term_is_the_one_that_dates_are_derived_from(office):
    # Received on Monday 22 June 2026: 10 days end on 2 July, 7 working days on 1 July.
    petition = received_on(office, date(2026, 6, 22))
    today = date(2026, 7, 1)
    plain = rules_of(office, petition, today)
    assert ("KN-ACC" in plain, plain["KN-ACC-LAW"].governs) == (False, True)
    assert any("cán bộ phải xác nhận" in mark for mark in plain["KN-ACC-LAW"].marks)
    done = do(office, actions.reclassify, by(office, petition), petition.reference, kind=KN,
              acceptance_rule="KN-ACC")  # fmt: skip
    found = rules_of(office, done, today)
    assert (found["KN-ACC"].start, found["KN-ACC"].due) == (date(2026, 6, 22), date(2026, 7, 1))
    assert (found["KN-ACC"].governs, found["KN-ACC-LAW"].governs) == (True, False)
    for row in (found["KN-ACC"], found["KN-ACC-LAW"]):
        assert any("xác nhận áp dụng KN-ACC." in mark for mark in row.marks)
    # What was confirmed before is not asked again when accepting, and may be changed until then.
    back = do(office, actions.reclassify, by(office, petition), petition.reference, kind=KN,
              acceptance_rule="KN-ACC-LAW")  # fmt: skip
    assert "KN-ACC" not in rules_of(office, back, today)
    assert accept(office, back).acceptance_rule == "KN-ACC-LAW"


def test_where_the_law_is_clear_there_is_no_term_to_confirm(office):
    petition = received_on(office, date(2026, 7, 1))
    with pytest.raises(InvalidInput) as refused:
        do(office, actions.reclassify, by(office, petition), petition.reference, kind=KN,
           acceptance_rule="KN-ACC-LAW")  # fmt: skip
    assert refused.value.values["field"] == "acceptance_rule"


def test_a_complaint_received_on_the_first_day_of_the_new_term_needs_none(office):
    petition = received_on(office, date(2026, 7, 1))
    assert accept(office, petition).status is PetitionStatus.ACCEPTED


def test_a_complaint_of_before_that_is_taken_up_again_today_needs_none(office):
    petition = received_on(office, date(2026, 6, 30))
    clerk, head = by(office, petition), by(office, petition, Role.HEAD)
    do(office, actions.reject, clerk, petition.reference, ground="KN-11-6")
    do(office, actions.reopen, head, petition.reference, reason="Có trở ngại")
    assert accept(office, petition).status is PetitionStatus.ACCEPTED


def test_a_refusal_changes_nothing(office):
    petition = file_signed(office, KN, people=9)
    with pytest.raises(ItemsMissing):
        accept(office, petition, decision_known_on=TODAY)
    with office.store.read() as tx:
        assert get_petition(tx, petition.reference).version == petition.version

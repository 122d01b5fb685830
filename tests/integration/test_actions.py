"""Actions on a real database: changes, traces, notices and refusals."""

from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, insert, select

from intake import actions
from intake.clock import local_date
from intake.due import due_view
from intake.errors import (
    InvalidInput,
    ItemsMissing,
    LawRefuses,
    NotAllowed,
    NotFound,
    VersionConflict,
    WrongStatus,
)
from intake.notices import NoticeState, notices_of
from intake.petition import PetitionKind
from intake.status import Action, NoticeKind, PetitionStatus, Role
from intake.store.petitions import (
    answers_of,
    content_of,
    get_petition,
    handlings_of,
    secret_hash_of,
)
from intake.store.tables import conversations, petitioners, petitions, timeline
from intake.timeline import entries_of, verify
from tests import factories
from tests.factories import BUS_LINE, NOW, TODAY, accepted, file, file_signed, officer

KN, TC, KNPA = PetitionKind.KN, PetitionKind.TC, PetitionKind.KNPA
LATER = NOW + timedelta(days=2)


@pytest.fixture
def office(database_url, tmp_path):
    built = factories.build_office(database_url, tmp_path)
    with closing(built.store):
        yield built


def do(office, action, *arguments, now=LATER, **named):
    with office.store.write() as tx:
        return action(office, tx, *arguments, now=now, **named)


def notices_to(office, petition):
    with office.store.read() as tx:
        return notices_of(tx, office.sealer, petition.id)


def chat_of(office):
    """A conversation, so that notices have somebody to go to."""
    with office.store.write() as tx:
        return tx.execute(
            insert(conversations)
            .values(
                uid="c" * 32,
                channel="web",
                account="",
                sender_fingerprint="f" * 32,
                sender_sealed=b"",
                created_at=NOW,
            )
            .returning(conversations.c.id)
        ).scalar_one()


# ---- filing ---------------------------------------------------------------------------------


def test_filing_stores_petition_clock_handling_and_trace_together(office):
    petition = file(office)
    assert petition.status is PetitionStatus.RECEIVED
    assert petition.agency == factories.agency_of(office, "so-xay-dung")
    assert petition.legal_received_on == TODAY
    assert petition.next_due is not None
    assert petition.next_due > TODAY
    with office.store.read() as tx:
        assert content_of(tx, office.sealer, petition).text == BUS_LINE
        assert [row["agency"] for row in handlings_of(tx, petition.id)] == [petition.agency]
        assert [entry.event for entry in entries_of(tx, petition.id)] == ["petition_filed"]


def test_nothing_a_citizen_wrote_lies_readable_in_the_database(office):
    petition = file(office, TC, text="Ông Canary Bí Mật nhận tiền.")
    with office.store.read() as tx:
        row = tx.execute(select(petitions).where(petitions.c.id == petition.id)).mappings().one()
        person = tx.execute(select(petitioners)).mappings().one()
    stored = repr(dict(row)) + repr(dict(person))
    for secret in ("Canary", "canary", "bi mat", "Thử Nghiệm", "thu nghiem", "0900000001"):
        assert secret not in stored


def test_a_complaint_typed_in_a_chat_starts_only_the_clock_of_the_first_answer(office):
    petition = file(office, KN)
    assert petition.is_message_only
    with office.store.read() as tx:
        view = due_view(office, tx, petition, today=TODAY)
    assert {row.rule for row in view.deadlines} == {"TCD-RESULT"}


def test_the_signed_petition_starts_the_rest(office):
    petition = file(office, KN)
    desk = officer(office, Role.RECEPTION_DESK)
    signed = do(office, actions.receive_signed, desk, petition.reference, on=date(2026, 11, 5))
    assert signed.legal_received_on == date(2026, 11, 5)
    with office.store.read() as tx:
        rules = {row.rule for row in due_view(office, tx, signed, today=TODAY).deadlines}
    assert {"KN-ACC", "KN-ACC-LAW", "XLD-ALARM-45"} <= rules


@pytest.mark.parametrize(
    ("text", "reason"), [("", "empty"), (" \u200b\n", "empty"), ("a" * 60_000, "too_long")]
)
def test_an_empty_or_endless_text_is_refused_and_nothing_is_stored(office, text, reason):
    with pytest.raises(InvalidInput) as refused:
        file(office, text=text)
    assert refused.value.values == {"field": "text", "reason": reason}
    with office.store.read() as tx:
        assert tx.execute(select(func.count()).select_from(petitions)).scalar() == 0


def test_a_denunciation_never_goes_to_the_accused_even_if_asked(office):
    accused = factories.agency_of(office, "so-xay-dung")
    petition = file(office, TC, agency=accused, accused=(accused,))
    assert petition.agency == office.directory.province.reception_centres[0]


def test_a_body_that_is_guide_only_gets_no_petition(office):
    court = factories.agency_of(office, "toa-an")
    assert file(office, agency=court).agency in office.directory.province.reception_centres


def test_a_route_without_a_body_goes_to_the_reception_centre(office):
    assert file(office, agency="class:ubnd-xa").agency in (
        office.directory.province.reception_centres
    )


def test_the_secret_itself_is_nowhere(office):
    receipt = actions.new_receipt(office, now=NOW)
    with office.store.write() as tx:
        filed = actions.file_petition(office, tx, factories.submission(office), receipt, now=NOW)
    with office.store.read() as tx:
        stored = secret_hash_of(tx, filed.petition.reference)
    assert filed.secret not in stored
    assert stored.startswith("$argon2id$")


# ---- accepting and refusing -----------------------------------------------------------------


def test_accepting_starts_the_term_tells_the_citizen_and_names_an_officer(office):
    petition = file(office, conversation_id=chat_of(office))
    clerk = officer(office)
    done = do(office, actions.accept, clerk, petition.reference, version=1)
    assert (done.status, done.version, done.accepted_on) == (
        PetitionStatus.ACCEPTED,
        2,
        local_date(LATER),
    )
    assert done.assigned_to == clerk.username
    (notice,) = notices_to(office, done)
    assert (notice.kind, notice.state, notice.number) == (NoticeKind.ACCEPTED, NoticeState.READY, 1)
    assert notice.values["reference"] == petition.reference


def test_a_complaint_can_t_be_accepted_without_signature_and_the_refusal_names_it(office):
    petition = file(office, KN)
    with pytest.raises(ItemsMissing) as refused:
        do(office, actions.accept, officer(office), petition.reference)
    assert "signature" in refused.value.values["items"]
    assert "Điều" in refused.value.values["citation"]


def test_accepting_a_signed_complaint_starts_the_settlement_term(office):
    done = accepted(office, KN)
    with office.store.read() as tx:
        view = due_view(office, tx, done, today=TODAY)
    assert "KN-R1" in {row.rule for row in view.deadlines}
    assert done.next_rule is not None


@pytest.mark.parametrize("kind", [PetitionKind.MIXED, PetitionKind.OTHER])
def test_mixed_content_is_split_not_accepted(office, kind):
    petition = file_signed(office, kind)
    cleared = officer(office, denunciations=True)
    with pytest.raises(LawRefuses) as refused:
        do(office, actions.accept, cleared, petition.reference)
    assert Action.GUIDE in refused.value.values["allowed"]


def test_a_rejection_needs_a_ground_of_this_kind(office):
    petition = file_signed(office, KN)
    with pytest.raises(InvalidInput):
        do(office, actions.reject, officer(office), petition.reference, ground="TC-29")
    done = do(office, actions.reject, officer(office), petition.reference, ground="KN-11-6")
    assert done.status is PetitionStatus.REJECTED
    assert done.next_due is None


@pytest.mark.parametrize("on", [TODAY - timedelta(days=1), TODAY + timedelta(days=30)])
def test_acceptance_is_dated_neither_in_the_future_nor_before_the_receipt(office, on):
    petition = file_signed(office, KN)
    with pytest.raises(InvalidInput):
        do(office, actions.accept, officer(office), petition.reference, on=on)


# ---- the wrong door -------------------------------------------------------------------------


def test_feedback_at_the_wrong_door_is_forwarded_and_counted_at_both(office):
    petition = file(office)
    target = factories.agency_of(office, "so-y-te")
    done = do(
        office,
        actions.forward,
        officer(office),
        petition.reference,
        agency=target,
        reason="Không thuộc thẩm quyền",
    )
    assert (done.agency, done.status, done.assigned_to) == (target, PetitionStatus.RECEIVED, None)
    with office.store.read() as tx:
        first, second = handlings_of(tx, petition.id)
    assert (first["outcome"], first["forwarded_to"]) == ("forwarded", target)
    assert (second["agency"], second["outcome"]) == (target, None)


def test_a_forwarded_petition_never_comes_back_in_a_circle(office):
    petition = file(office)
    health = factories.agency_of(office, "so-y-te")
    do(office, actions.forward, officer(office), petition.reference, agency=health, reason="x")
    with pytest.raises(InvalidInput) as refused:
        do(
            office,
            actions.forward,
            officer(office, agency=health),
            petition.reference,
            agency=petition.agency,
            reason="x",
        )
    assert refused.value.values["reason"] == "had_it_before"


def test_the_ceiling_for_leaving_a_petition_untouched_does_not_restart_on_forwarding(office):
    petition = file(office)
    with office.store.read() as tx:
        before = {d.rule: d.due for d in due_view(office, tx, petition, today=TODAY).deadlines}
    done = do(
        office,
        actions.forward,
        officer(office),
        petition.reference,
        agency=factories.agency_of(office, "so-y-te"),
        reason="x",
        now=NOW + timedelta(days=5),
    )
    with office.store.read() as tx:
        after = {d.rule: d.due for d in due_view(office, tx, done, today=TODAY).deadlines}
    assert after["XLD-ALARM-45"] == before["XLD-ALARM-45"]
    assert after["TCD-RESULT"] > before["TCD-RESULT"]


def test_a_signed_complaint_at_the_wrong_door_is_guided_never_forwarded(office):
    petition = file_signed(office, KN)
    target = factories.agency_of(office, "so-y-te")
    with pytest.raises(LawRefuses) as refused:
        do(office, actions.forward, officer(office), petition.reference, agency=target, reason="x")
    assert refused.value.values["allowed"] == [Action.GUIDE]
    done = do(
        office,
        actions.guide,
        officer(office),
        petition.reference,
        agency=target,
        explanation="Đề nghị gửi Sở Y tế.",
    )
    assert done.status is PetitionStatus.GUIDED


def test_a_denunciation_is_forwarded_once(office):
    petition = file_signed(office, TC)
    here = officer(office, denunciations=True)
    inspectorate = factories.agency_of(office, "thanh-tra")
    do(office, actions.forward, here, petition.reference, agency=inspectorate, reason="x")
    with pytest.raises(LawRefuses) as refused:
        do(
            office,
            actions.forward,
            officer(office, agency=inspectorate, denunciations=True),
            petition.reference,
            agency=factories.agency_of(office, "so-noi-vu"),
            reason="x",
        )
    assert refused.value.values["rule"] == "denunciation_once"


def test_a_denunciation_is_not_forwarded_to_the_accused(office):
    accused = factories.agency_of(office, "so-y-te")
    petition = file_signed(office, TC, accused=(accused,))
    with pytest.raises(LawRefuses) as refused:
        do(
            office,
            actions.forward,
            officer(office, denunciations=True),
            petition.reference,
            agency=accused,
            reason="x",
        )
    assert refused.value.values["rule"] == "never_to_the_accused"


def test_a_wrong_route_is_corrected_without_counting_as_forwarded(office):
    petition = file(office)
    target = factories.agency_of(office, "so-y-te")
    done = do(
        office,
        actions.reroute,
        officer(office, Role.RECEPTION_DESK),
        petition.reference,
        agency=target,
    )
    assert done.agency == target
    with office.store.read() as tx:
        assert [row["agency"] for row in handlings_of(tx, petition.id)] == [target]


# ---- terms ----------------------------------------------------------------------------------


def test_feedback_knows_no_extension_and_no_suspension(office):
    petition = accepted(office)
    head = officer(office, Role.HEAD)
    with pytest.raises(LawRefuses):
        do(
            office,
            actions.extend,
            head,
            petition.reference,
            document_number="01/QĐ",
            criteria=["x"],
        )
    with pytest.raises(LawRefuses):
        do(
            office,
            actions.suspend,
            head,
            petition.reference,
            ground="KN-11a-waiting",
            document_number="01/QĐ",
        )


def test_a_complaint_becomes_complex_once_by_a_written_criterion(office):
    petition = accepted(office, KN)
    head = officer(office, Role.HEAD)
    with pytest.raises(InvalidInput):
        do(office, actions.extend, head, petition.reference, document_number="01", criteria=[])
    done = do(
        office, actions.extend, head, petition.reference, document_number="01", criteria=["3a-a"]
    )
    assert done.complex
    with office.store.read() as tx:
        rules = {row.rule for row in due_view(office, tx, done, today=TODAY).deadlines}
    assert "KN-R1-C" in rules
    with pytest.raises(LawRefuses) as refused:
        do(
            office,
            actions.extend,
            head,
            petition.reference,
            document_number="02",
            criteria=["3a-b"],
        )
    assert refused.value.values["rule"] == "extension_used_up"


def test_a_denunciation_is_extended_once_or_if_especially_complex_twice(office):
    petition = accepted(office, TC)
    head = officer(office, Role.HEAD, denunciations=True)
    reference = petition.reference
    do(office, actions.extend, head, reference, document_number="01/QĐ", criteria=["TC-3-1"])
    with pytest.raises(LawRefuses):
        do(office, actions.extend, head, reference, document_number="02/QĐ", criteria=["TC-3-1"])
    both = ["TC-3-1", "TC-3-2"]
    do(office, actions.extend, head, reference, document_number="02/QĐ", criteria=both)
    with pytest.raises(LawRefuses):
        do(office, actions.extend, head, reference, document_number="03/QĐ", criteria=both)


def test_nothing_is_extended_after_the_term_is_over(office):
    petition = accepted(office, TC)
    head = officer(office, Role.HEAD, denunciations=True)
    with pytest.raises(LawRefuses) as refused:
        do(
            office,
            actions.extend,
            head,
            petition.reference,
            document_number="01",
            criteria=["TC-3-1"],
            now=NOW + timedelta(days=60),
        )
    assert refused.value.values["rule"] == "extension_expired"


def test_suspended_days_move_the_term(office):
    petition = accepted(office, KN)
    head = officer(office, Role.HEAD)
    with office.store.read() as tx:
        before = {d.rule: d for d in due_view(office, tx, petition, today=TODAY).deadlines}
    do(
        office,
        actions.suspend,
        head,
        petition.reference,
        ground="KN-11a-waiting",
        document_number="05/QĐ",
        on=date(2026, 11, 10),
        now=NOW + timedelta(days=7),
    )
    done = do(
        office,
        actions.resume,
        head,
        petition.reference,
        document_number="06/QĐ",
        on=date(2026, 11, 20),
        now=NOW + timedelta(days=17),
    )
    assert done.status is PetitionStatus.ACCEPTED
    with office.store.read() as tx:
        after = {d.rule: d for d in due_view(office, tx, done, today=TODAY).deadlines}
    assert after["KN-R1"].nominal - before["KN-R1"].nominal == timedelta(days=10)


# ---- answering and ending -------------------------------------------------------------------


def test_feedback_is_answered_straight_away_and_the_citizen_reads_the_answer(office):
    petition = file(office, conversation_id=chat_of(office))
    given = actions.Answer("Sở đã khảo sát và đưa vào kế hoạch.", document_number="12/SXD")
    done = do(office, actions.answer, officer(office), petition.reference, given)
    assert done.status is PetitionStatus.ANSWERED
    assert done.next_due is None
    (notice,) = notices_to(office, done)
    assert notice.values["text"] == given.text


def test_a_denouncer_reads_no_content_in_the_chat(office):
    petition = accepted(office, TC, conversation_id=chat_of(office))
    given = actions.Answer("Kết luận nội dung.", document_number="1/KL", verdict="true")
    head = officer(office, Role.HEAD, denunciations=True)
    done = do(office, actions.answer, head, petition.reference, given)
    assert all("text" not in notice.values for notice in notices_to(office, done))
    with office.store.read() as tx:
        assert answers_of(tx, office.sealer, done)[0]["text"] == given.text


@pytest.mark.parametrize("kind", [KN, TC])
def test_a_complaint_or_denunciation_is_accepted_before_it_is_settled(office, kind):
    petition = file_signed(office, kind)
    with pytest.raises(LawRefuses) as refused:
        do(
            office,
            actions.answer,
            officer(office, denunciations=True),
            petition.reference,
            actions.Answer("x", document_number="1", verdict="true"),
        )
    assert refused.value.values["rule"] == "accept_first"


@pytest.mark.parametrize(
    "given",
    [
        actions.Answer("x", document_number="1"),
        actions.Answer("x", verdict="true"),
        actions.Answer("", document_number="1", verdict="true"),
        actions.Answer("x", document_number="1", verdict="upheld"),
        actions.Answer("x", document_number="1", verdict="true", remedies={"state_money": -1}),
        actions.Answer("x", document_number="1", verdict="true", on=date(2030, 1, 1)),
    ],
)
def test_a_decision_needs_text_number_verdict_and_a_possible_day(office, given):
    petition = accepted(office, KN)
    with pytest.raises(InvalidInput):
        do(office, actions.answer, officer(office), petition.reference, given)


def test_a_closed_petition_can_be_taken_up_again_with_a_new_clock(office):
    petition = file(office)
    clerk = officer(office)
    do(office, actions.answer, clerk, petition.reference, actions.Answer("Đã trả lời."))
    do(office, actions.close, clerk, petition.reference)
    head = officer(office, Role.HEAD)
    later = NOW + timedelta(days=30)
    done = do(
        office, actions.reopen, head, petition.reference, reason="Có tình tiết mới", now=later
    )
    assert done.status is PetitionStatus.RECEIVED
    assert done.next_due is not None
    assert done.next_due > local_date(later)


def test_a_citizen_withdraws_feedback_in_the_chat(office):
    petition = file(office)
    done = do(office, actions.withdraw, petition.reference)
    assert done.status is PetitionStatus.WITHDRAWN
    assert done.next_due is None


def test_a_signed_complaint_is_withdrawn_in_writing_only(office):
    petition = file_signed(office, KN)
    with pytest.raises(LawRefuses):
        do(office, actions.withdraw, petition.reference)
    done = do(
        office,
        actions.withdraw,
        petition.reference,
        officer=officer(office),
        document_number="đơn 6/11",
    )
    assert done.status is PetitionStatus.WITHDRAWN


def test_a_denunciation_with_signs_of_a_violation_goes_on_after_withdrawal(office):
    petition = accepted(office, TC)
    head = officer(office, Role.HEAD, denunciations=True)
    done = do(office, actions.withdraw, petition.reference, officer=head, goes_on=True)
    assert done.status is PetitionStatus.ACCEPTED


def test_information_asked_for_and_given_brings_the_petition_back(office):
    petition = file(office)
    asked = do(
        office,
        actions.request_information,
        officer(office),
        petition.reference,
        message="Ở tuyến nào?",
    )
    assert asked.status is PetitionStatus.AWAITING_INFORMATION
    done = do(office, actions.add_information, petition.reference, text="Tuyến ấp Thử đi chợ.")
    assert done.status is PetitionStatus.RECEIVED
    with office.store.read() as tx:
        assert "Tuyến ấp Thử đi chợ." in content_of(tx, office.sealer, done).text


def test_linked_petitions_share_a_case_and_keep_their_own_clocks(office):
    first, second = file(office), file(office, now=NOW + timedelta(days=1))
    clerk = officer(office)
    done = do(office, actions.link, clerk, second.reference, to=first.reference)
    with office.store.read() as tx:
        other = get_petition(tx, first.reference)
    assert done.case_id is not None
    assert done.case_id == other.case_id
    assert other.next_due != done.next_due or other.received_at != done.received_at
    with pytest.raises(InvalidInput):
        do(office, actions.link, clerk, first.reference, to=first.reference)


# ---- who and when ---------------------------------------------------------------------------


def test_a_stale_version_changes_nothing(office):
    petition = file(office)
    do(office, actions.accept, officer(office), petition.reference, version=1)
    with pytest.raises(VersionConflict):
        do(
            office,
            actions.request_information,
            officer(office),
            petition.reference,
            message="x",
            version=1,
        )


def test_an_action_that_does_not_exist_in_this_status_is_refused(office):
    petition = file(office)
    do(office, actions.withdraw, petition.reference)
    with pytest.raises(WrongStatus):
        do(office, actions.accept, officer(office), petition.reference)


@pytest.mark.parametrize("role", [Role.REPORTING, Role.ADMINISTRATOR])
def test_reporting_staff_and_administrators_don_t_even_see_a_petition(office, role):
    petition = file(office)
    with pytest.raises(NotFound):
        do(office, actions.accept, officer(office, role), petition.reference)


def test_another_agency_s_clerk_does_not_see_it(office):
    petition = file(office)
    stranger = officer(office, agency=factories.agency_of(office, "so-y-te"))
    with pytest.raises(NotFound):
        do(office, actions.accept, stranger, petition.reference)


def test_a_clerk_without_clearance_does_not_see_a_denunciation(office):
    petition = file_signed(office, TC)
    with pytest.raises(NotFound):
        do(office, actions.accept, officer(office), petition.reference)


def test_the_reception_centre_sees_but_does_not_decide_for_another_agency(office):
    petition = file(office)
    with pytest.raises(NotAllowed):
        do(office, actions.accept, officer(office, Role.RECEPTION_DESK), petition.reference)


def test_a_dismissed_officer_sees_nothing(office):
    petition = file(office)
    with pytest.raises(NotFound):
        do(office, actions.accept, replace(officer(office), active=False), petition.reference)


def test_every_action_leaves_a_trace_in_an_unbroken_chain(office):
    petition = file(office)
    clerk = officer(office)
    do(office, actions.assign, clerk, petition.reference, to=clerk)
    do(office, actions.accept, clerk, petition.reference)
    do(office, actions.answer, clerk, petition.reference, actions.Answer("Xong."))
    do(office, actions.close, clerk, petition.reference)
    with office.store.read() as tx:
        events = [entry.event for entry in entries_of(tx, petition.id)]
        shown = [entry.event for entry in entries_of(tx, petition.id, audience="citizen")]
        assert verify(tx).broken_at is None
        assert tx.execute(select(func.count()).select_from(timeline)).scalar() == len(events)
    assert events == [
        "petition_filed",
        "petition_assigned",
        "petition_accepted",
        "petition_answered",
        "petition_closed",
    ]
    assert "petition_assigned" not in shown

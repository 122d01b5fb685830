"""Counting: the forms' own relations on random registers, and the cases officers argue about."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from intake import topics
from intake.classification import classify
from intake.counting.facts import (
    AnswerFact,
    DayFact,
    EntryFact,
    Facts,
    HandlingFact,
    VisitFact,
)
from intake.counting.rules import counting_rules
from intake.periods import resolve_period
from intake.report_forms import broken_relations, form_set
from intake.statistics import count, indicators

RULES = counting_rules()
FORMS = form_set("TT06-2025")
Q1 = resolve_period("2026-Q1", "ttcp", today=date(2026, 11, 21))
Q2 = resolve_period("2026-Q2", "ttcp", today=date(2026, 11, 21))
HALF = resolve_period("2026-6T", "ttcp", today=date(2026, 11, 21))
IN_Q1, IN_Q2 = date(2026, 1, 20), date(2026, 4, 20)


def counted(facts, period=Q1):
    return count(facts, period.first_day, period.last_day, RULES)


def value(facts, number, period=Q1):
    return counted(facts, period)[number].value


def visit(uid, on=IN_Q1, people=1, by="staff", cases=("k1",), regime=None):
    regime = regime or {"staff": "regular"}.get(by, "periodic")
    return VisitFact(uid, "a", on, regime, by, people, people >= RULES.group_threshold, cases)


def stay(reference, received=IN_Q1, processed=None, kind="KNPA", **changes):
    row = HandlingFact(
        reference=reference,
        agency="a",
        kind=kind,
        instance=1,
        fields=(),
        case=reference,
        source="web",
        message_on=received,
        legal_on=received,
        received_on=received,
        processed_on=processed,
        eligible=None if processed is None else True,
        competent=None if processed is None else True,
        outcome=None if processed is None else "accepted",
    )
    return replace(row, **changes)


# ---- random registers -----------------------------------------------------------------------

_DAYS = st.dates(date(2025, 6, 1), date(2026, 12, 31))
_UIDS = st.integers(0, 10**9).map(str)


@st.composite
def _visits(draw):
    by = draw(st.sampled_from(["staff", "head", "delegate"]))
    regime = "regular" if by == "staff" else draw(st.sampled_from(["periodic", "ad_hoc"]))
    people = draw(st.integers(1, 12))
    cases = tuple(draw(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3, unique=True)))
    return VisitFact(draw(_UIDS), "a", draw(_DAYS), regime, by, people, people >= 5, cases)


@st.composite
def _stays(draw):
    kind = draw(st.sampled_from(["KN", "KN_KL", "TC", "KNPA", "PAKN", "MIXED", "OTHER"]))
    received = draw(_DAYS)
    late = st.integers(0, 200).map(lambda days: received + timedelta(days=days))
    processed = draw(st.none() | late)
    outcome = draw(st.sampled_from(["accepted", "guided", "forwarded", "archived", "withdrawn"]))
    if kind == "MIXED" and outcome == "accepted":
        outcome = "guided"  # mixed content is never accepted: it is guided to be split
    legal = received if kind in ("KNPA", "PAKN", "OTHER") else draw(st.none() | late)
    eligible = {"archived": draw(st.booleans()), "withdrawn": None}.get(outcome, True)
    if kind == "MIXED" and outcome == "archived":
        eligible = False
    return HandlingFact(
        reference=draw(_UIDS),
        agency="a",
        kind=kind,
        instance=draw(st.sampled_from([1, 2])),
        fields=tuple(
            draw(st.lists(st.sampled_from([f.code for f in RULES.fields] + ["?"]), max_size=2))
        ),
        case=draw(st.sampled_from("abcdef")),
        source=draw(st.sampled_from(["web", "post", "reopened"])),
        message_on=received,
        legal_on=legal,
        received_on=received,
        processed_on=processed,
        eligible=None if processed is None else eligible,
        competent=None if processed is None else outcome in ("accepted", "archived"),
        outcome=None if processed is None else outcome,
        accepted=tuple(draw(st.lists(late, max_size=2))),
        withdrawn=tuple(draw(st.lists(late, max_size=1))),
    )


@st.composite
def _answers(draw):
    kind = draw(st.sampled_from(["KN", "KN_KL", "TC", "KNPA"]))
    instance = draw(st.sampled_from([1, 2]))
    verdicts = ["true", "false", "partly_true"]
    if kind in ("KN", "KN_KL") and instance == 2:
        verdicts = ["upheld", "changed"]
    people = draw(st.integers(0, 5))
    remedies = {
        "state_money": draw(st.integers(0, 900)),
        "state_land": draw(st.integers(0, 90)),
        "returned_money": draw(st.integers(0, 900)),
        "disciplined_people": people,
        "disciplined_officials": draw(st.integers(0, people)),
        "police_people": people,
        "police_officials": draw(st.integers(0, people)),
    }
    return AnswerFact(
        id=draw(st.integers(1, 40)),
        reference=draw(_UIDS),
        agency="a",
        kind=kind,
        on=draw(_DAYS),
        instance=instance,
        verdict=None if kind == "KNPA" else draw(st.sampled_from(verdicts)),
        remedies=remedies,
    )


@st.composite
def _entries(draw):
    kind = draw(
        st.sampled_from(["enforcement_due", "enforcement_result", "inspection", "training"])
    )
    people = draw(st.integers(0, 4))
    values = {
        "of": draw(st.sampled_from(["complaint", "denunciation"])),
        "obligation": f"answer:{draw(st.integers(1, 40))}",
        "finished": draw(st.booleans()),
        "state_money": draw(st.integers(0, 500)),
        "disciplined_people": people,
        "disciplined_officials": draw(st.integers(0, people)),
        "prosecuted_people": people,
        "prosecuted_officials": draw(st.integers(0, people)),
        "concluded": draw(st.booleans()),
        "units": 3,
        "classes": 1,
        "people": 9,
    }
    return EntryFact(draw(_UIDS), "a", kind, draw(_DAYS), values)


@st.composite
def _registers(draw):
    return Facts(
        visits=tuple(draw(st.lists(_visits(), max_size=14))),
        handlings=tuple(draw(st.lists(_stays(), max_size=14))),
        answers=tuple(draw(st.lists(_answers(), max_size=8, unique_by=lambda row: row.id))),
        entries=tuple(draw(st.lists(_entries(), max_size=8))),
    )


@settings(max_examples=150, deadline=None)
@given(_registers(), st.sampled_from([Q1, Q2, HALF]))
def test_every_strict_relation_of_the_forms_holds_on_any_register(facts, period):
    cells = {name: number.value for name, number in counted(facts, period).items()}
    assert [o.relation.text for o in broken_relations(FORMS, cells) if o.relation.strict] == []


@settings(max_examples=80, deadline=None)
@given(_registers())
def test_both_views_of_the_same_visits_agree(facts):
    numbers = counted(facts, HALF)
    for measure, column in (("visits", 1), ("people", 2), ("cases", 3), ("groups", 4)):
        by_regime = sum(
            numbers[f"reception.{regime}.{measure}"].value
            for regime in ("regular", "periodic", "ad_hoc")
        )
        assert by_regime == numbers[f"01/TCD.c{column}"].value


@settings(max_examples=80, deadline=None)
@given(_registers())
def test_additive_columns_of_two_quarters_make_the_half_year_and_carry_over_closes(facts):
    first, second, half = (counted(facts, period) for period in (Q1, Q2, HALF))
    for form in FORMS.forms:
        if form.code == "05/KQTH":
            continue  # what is achieved belongs to obligations; covered by its own test
        for column in form.columns:
            if column.additive:
                added = first[column.cell].value + second[column.cell].value
                assert half[column.cell].value == added, column.cell
    left = first["02/XLD.c1"].value - first["02/XLD.c2"].value
    assert second["petitions.carried"].value == left == first["petitions.unprocessed"].value
    assert half["02/XLD.c1"].value == (
        first["petitions.carried"].value
        + first["petitions.received"].value
        + second["petitions.received"].value
    )


@settings(max_examples=60, deadline=None)
@given(_registers())
def test_a_numbers_value_is_the_sum_of_its_records(facts):
    for number in counted(facts).values():
        assert number.value == sum(record.amount for record in number.records)


def test_every_number_is_defined_and_every_definition_is_counted():
    assert set(counted(Facts())) == set(indicators("TT06-2025"))


# ---- reception ------------------------------------------------------------------------------


def test_a_case_seen_in_both_quarters_counts_once_in_the_half_year():
    facts = Facts(visits=(visit("v1"), visit("v2", on=IN_Q2)))
    assert [value(facts, "01/TCD.c3", period) for period in (Q1, Q2, HALF)] == [1, 1, 1]
    assert value(facts, "01/TCD.c1", HALF) == 2


def test_a_case_seen_by_staff_then_by_the_head_stands_once_under_the_head():
    facts = Facts(visits=(visit("v1"), visit("v2", by="head")))
    assert (value(facts, "01/TCD.c7"), value(facts, "01/TCD.c13")) == (0, 1)
    assert (value(facts, "01/TCD.c5"), value(facts, "01/TCD.c11")) == (1, 1)


def test_a_group_begins_at_five_people():
    facts = Facts(visits=(visit("v1", people=5), visit("v2", people=4)))
    assert (value(facts, "01/TCD.c8"), value(facts, "01/TCD.c9")) == (1, 5)


def test_one_person_who_comes_three_times_is_three_people():
    facts = Facts(visits=tuple(visit(f"v{number}") for number in range(3)))
    assert (value(facts, "01/TCD.c2"), value(facts, "01/TCD.c3")) == (3, 1)


def test_a_day_nobody_came_is_a_day_held_and_a_cancelled_one_is_not():
    def on(uid, held, nobody=None, chair="head"):
        return DayFact(uid, "a", IN_Q1 + timedelta(days=int(uid)), "periodic", chair, held, nobody)

    facts = Facts(days=(on("1", True, True), on("2", True, False), on("3", False), on("4", None)))
    assert value(facts, "01/TCD.c10") == 2
    assert value(facts, "reception.days.empty") == 1
    assert value(facts, "reception.days.not_held") == 1
    assert value(facts, "reception.days.unrecorded") == 1


def test_two_sessions_on_one_day_are_one_day():
    days = tuple(DayFact(uid, "a", IN_Q1, "periodic", "head", True, False) for uid in "ab")
    assert value(Facts(days=days), "01/TCD.c10") == 1


def test_minutes_around_midnight_fall_into_different_quarters():
    facts = Facts(visits=(visit("v1", on=date(2026, 6, 14)), visit("v2", on=date(2026, 6, 15))))
    q3 = resolve_period("2026-Q3", "ttcp", today=date(2026, 11, 21))
    assert (value(facts, "01/TCD.c1", Q2), value(facts, "01/TCD.c1", q3)) == (1, 1)


# ---- petitions ------------------------------------------------------------------------------


def test_ten_with_two_carried_and_twelve_with_three_carried_make_nineteen():
    before, q1, q2 = date(2025, 12, 1), date(2026, 2, 1), date(2026, 5, 1)
    done = date(2026, 2, 10)
    rows = [stay(f"c{i}", received=before, processed=done) for i in range(2)]
    rows += [stay(f"f{i}", received=q1, processed=done) for i in range(5)]
    rows += [stay(f"k{i}", received=q1) for i in range(3)]
    rows += [stay(f"s{i}", received=q2) for i in range(9)]
    facts = Facts(handlings=tuple(rows))
    assert [value(facts, "02/XLD.c1", period) for period in (Q1, Q2, HALF)] == [10, 12, 19]
    assert [value(facts, "petitions.carried", period) for period in (Q1, Q2)] == [2, 3]


def test_a_message_with_a_complaint_is_a_draft_until_its_signed_petition_comes():
    message = stay("r1", kind="KN", legal_on=None)
    assert value(Facts(handlings=(message,)), "02/XLD.c1") == 0
    assert value(Facts(handlings=(message,)), "drafts.complaints") == 1
    signed = replace(message, legal_on=IN_Q2, received_on=IN_Q2)
    facts = Facts(handlings=(signed,))
    assert value(facts, "drafts.complaints", Q1) == 1, "in the first quarter it was still a draft"
    assert (value(facts, "02/XLD.c1", Q1), value(facts, "02/XLD.c1", Q2)) == (0, 1)
    assert value(facts, "drafts.complaints", HALF) == 0


def test_a_message_with_a_proposal_is_received():
    facts = Facts(handlings=(stay("r1"),))
    assert value(facts, "petitions.received.proposals") == 1


def test_a_message_forwarded_before_it_was_signed_was_no_petition_at_the_first_agency():
    moved = stay(
        "r1", kind="TC", processed=IN_Q1, legal_on=IN_Q2, outcome="forwarded", competent=False
    )
    assert value(Facts(handlings=(moved,)), "02/XLD.c1", HALF) == 0


def test_feedback_on_administrative_rules_is_another_regimes_number():
    facts = Facts(handlings=(stay("r1", kind="PAKN", processed=IN_Q2),))
    assert value(facts, "02/XLD.c1") == 0
    assert (value(facts, "feedback.received"), value(facts, "feedback.pending")) == (1, 1)
    assert value(facts, "feedback.processed", Q2) == 1


def test_a_reopened_petition_is_no_new_one():
    facts = Facts(
        handlings=(stay("r1", processed=IN_Q1), stay("r1", received=IN_Q2, source="reopened"))
    )
    assert value(facts, "02/XLD.c1", HALF) == 1


def test_land_is_its_own_column_for_complaints_but_administrative_for_denunciations():
    rows = tuple(
        stay(kind, kind=kind, processed=IN_Q1, fields=("land",)) for kind in ("KN", "TC", "KNPA")
    )
    facts = Facts(handlings=rows)
    assert [value(facts, f"02/XLD.c{column}") for column in (9, 15, 21)] == [1, 1, 1]


def test_an_undecided_competence_is_found_by_the_forms_own_equation():
    facts = Facts(handlings=(stay("r1", processed=IN_Q1, competent=None),))
    cells = {name: number.value for name, number in counted(facts).items()}
    assert [o.relation.text for o in broken_relations(FORMS, cells)] == ["c3=c4+c23"]


# ---- settling and carrying out --------------------------------------------------------------


def test_two_petitions_of_one_case_are_one_case_in_its_strongest_state():
    rows = (
        stay("r1", kind="KN", processed=IN_Q1, case="k", accepted=(IN_Q1,)),
        stay("r2", kind="KN", processed=IN_Q1, case="k", outcome="withdrawn", withdrawn=(IN_Q1,)),
    )
    facts = Facts(handlings=rows)
    assert [value(facts, f"03/GQKN.c{column}") for column in (1, 2, 4, 6)] == [2, 1, 1, 0]


def test_a_decision_counts_in_the_period_it_was_signed():
    decision = AnswerFact(1, "r1", "a", "KN", IN_Q2, 1, "true", {"state_money": 12.5})
    facts = Facts(answers=(decision,))
    assert [value(facts, "03/GQKN.c8", period) for period in (Q1, Q2)] == [0, 1]
    assert str(value(facts, "03/GQKN.c13", Q2)) == "12.5"


def test_a_decision_stays_to_be_carried_out_until_it_is_done():
    decision = AnswerFact(7, "r1", "a", "KN", IN_Q1, 1, "true", {"state_money": 100})
    part = EntryFact(
        "e1",
        "a",
        "enforcement_result",
        IN_Q1 + timedelta(days=9),
        {"obligation": "answer:7", "finished": False, "state_money": 40},
    )
    rest = EntryFact(
        "e2",
        "a",
        "enforcement_result",
        IN_Q2,
        {"obligation": "answer:7", "finished": True, "state_money": 60},
    )
    facts = Facts(answers=(decision,), entries=(part, rest))
    cells = ("05/KQTH.c1", "05/KQTH.c2", "05/KQTH.c3", "05/KQTH.c5")
    assert [value(facts, cell, Q1) for cell in cells] == [1, 0, 100, 40]
    assert [value(facts, cell, Q2) for cell in cells] == [1, 1, 60, 60]
    assert [value(facts, cell, HALF) for cell in cells] == [1, 1, 100, 100]


def test_a_complaint_found_wrong_leaves_nothing_to_carry_out():
    facts = Facts(answers=(AnswerFact(7, "r1", "a", "KN", IN_Q1, 1, "false"),))
    assert (value(facts, "05/KQTH.c1"), value(facts, "05/KQTH.c2")) == (1, 1)
    assert value(facts, "05/KQTH.c1", Q2) == 0


def test_every_field_the_classifier_gives_has_its_columns():
    known = {field.code for field in RULES.fields}
    assert set(topics.FIELDS) <= known
    denounced = classify("Tôi tố cáo thẩm phán Tòa án nhân dân khu vực 1 nhận tiền để xử sai vụ án")
    assert denounced.kind == "TC"
    assert set(denounced.fields) <= known
    # The codes `classification` gives to denunciations besides those of the topics.
    assert {"corruption", "judicial", "administrative", "other"} <= known
    groups = {RULES.field_of((code,)).denunciation for code in ("corruption", "judicial", "land")}
    assert groups == {"corruption", "judicial", "administrative"}

"""What the engine promises for every rule, and what it refuses."""

from __future__ import annotations

from datetime import date, time, timedelta
from itertools import product

import pytest

from intake.deadlines import (
    FUTURE,
    MET,
    MISSED,
    RUNNING,
    STATES,
    SUPERSEDED,
    SUSPENDED,
    ClockCase,
    ClockEvent,
    Deadline,
    ImpossibleEvents,
    count_term,
    derive_deadlines,
)
from intake.rules import BEFORE, DUTY, EXTENSION, HOURS, LAW, LocalTerm, Rule, Rules
from intake.workdays import CalendarYearMissing, WorkCalendar, YearDecision
from tests.unit.intake.clock_cases import single

RULES = Rules.load()
CALENDAR = WorkCalendar.load()
# Years before the shipped ones, as plain weeks: enough to stand at the edge of an act's force.
LONG_CALENDAR = WorkCalendar.load(
    year_decisions=[YearDecision(year, True, "test") for year in range(2007, 2024)]
)
DAY = timedelta(days=1)
TODAY = date(2026, 11, 21)
CLOCKS = [rule for rule in RULES.all() if rule.kinds != (DUTY,) and rule.amount is not None]


def derive(case: ClockCase, as_of: date = TODAY, rules: Rules = RULES) -> dict[str, Deadline]:
    """Deadlines by rule; the newest where a rule runs twice."""
    found = derive_deadlines(case, as_of=as_of, rules=rules, calendar=CALENDAR)
    return {row.rule: row for row in found}


def bound_case(rule: Rule, day: date) -> ClockCase:
    """A case that meets exactly the conditions of `rule`, its event on `day`."""
    facts = {name for name, wanted in rule.when.items() if wanted}
    base = ("complex", "remote", "several_places")
    flags = {name: name in facts for name in base}
    before = ()
    event = rule.starts_on[0]
    if rule.mode == EXTENSION:
        before = (ClockEvent("accepted", day),)
    extra = frozenset(facts - set(base) - {"own_competence"})
    if rule.id == "TC-EXT-S":
        extra = frozenset({"especially_complex"})
    return ClockCase(
        kind=rule.kinds[0],
        instance=rule.instances[0] if rule.instances else 1,
        own_competence=rule.when.get("own_competence", True),
        events=(*before, ClockEvent(event, day)),
        facts=extra,
        **flags,
    )


@pytest.mark.parametrize("rule", CLOCKS, ids=lambda rule: rule.id)
def test_a_term_is_in_time_through_its_last_day_and_not_on_the_next(rule: Rule) -> None:
    case = bound_case(rule, date(2026, 9, 14))
    due = derive(case)[rule.id].due
    on_the_day, after = derive(case, due)[rule.id], derive(case, due + DAY)[rule.id]
    assert on_the_day.state == RUNNING
    # What the law brings about by itself has come; what somebody had to do is missed.
    assert after.state == (MET if rule.owed_by == LAW else MISSED)
    if rule.direction == BEFORE:
        assert due < date(2026, 9, 14) or rule.unit == HOURS


@pytest.mark.parametrize("rule", CLOCKS, ids=lambda rule: rule.id)
def test_a_rule_binds_from_its_first_day_of_force_and_not_the_day_before(rule: Rule) -> None:
    first = rule.effective_from
    assert first is not None
    for day, binds in ((first, True), (first - DAY, False)):
        found = derive_deadlines(
            bound_case(rule, day), as_of=day, rules=RULES, calendar=LONG_CALENDAR
        )
        assert (rule.id in {row.rule for row in found}) == binds


@pytest.mark.parametrize("rule", RULES.all(), ids=lambda rule: rule.id)
def test_every_rule_cites_its_provision_and_names_its_stage(rule: Rule) -> None:
    assert len(rule.citation) > 5
    assert len(RULES.stage_name(rule.stage)) > 5
    assert rule.trigger


@pytest.mark.parametrize(
    "rule",
    # What is due an hour before a meeting has no later day on which it could still be done.
    [rule for rule in CLOCKS if rule.ends_on and rule.unit != HOURS],
    ids=lambda rule: rule.id,
)
@pytest.mark.parametrize("late", [False, True])
def test_what_is_done_by_the_last_day_is_met_and_later_is_missed(rule: Rule, late: bool) -> None:
    meeting = date(2026, 9, 14)
    case = bound_case(rule, meeting)
    due = derive(case)[rule.id].due
    done = ClockEvent(rule.ends_on[0], due + DAY if late else due)
    closed = ClockCase(**{**case.__dict__, "events": (*case.events, done)})
    row = derive(closed, max(done.on, meeting))[rule.id]
    assert row.closed_on == done.on
    assert row.state == (MISSED if late else MET)
    assert not row.is_owed


@pytest.mark.parametrize("rule", CLOCKS, ids=lambda rule: rule.id)
def test_the_working_is_shown_for_every_rule(rule: Rule) -> None:
    row = derive(bound_case(rule, date(2026, 11, 13)))[rule.id]
    shown = "\n".join(row.steps)
    assert f"{row.due:%d/%m/%Y}" in shown or row.binding_rule != row.rule
    assert rule.citation in shown
    assert "{" not in shown
    if not rule.verified:
        assert "Chưa kiểm chứng" in shown
        assert not row.verified


def test_the_example_of_the_law_office_reads_as_they_wrote_it() -> None:
    row = derive(single("TC", "received", "2026-11-14"))["TC-INIT"]
    assert row.steps[1].startswith(
        "07 ngày làm việc kể từ ngày 14/11/2026, không tính thứ Bảy, Chủ nhật và ngày 24/11/2026"
        " (Ngày Văn hóa Việt Nam), căn cứ Luật 25/2018/QH14 Điều 24 k1"
    )
    assert row.due == date(2026, 11, 25)


def test_a_swapped_in_saturday_is_named_as_counted() -> None:
    row = derive(single("TC", "received", "2026-08-20"))["TC-INIT"]
    assert "có tính ngày 22/08/2026 (làm bù cho ngày 31/08/2026)" in row.steps[1]


def test_a_rolled_day_says_why_it_rolled() -> None:
    row = derive(single("KN", "accepted", "2026-10-25"))["KN-R1"]
    assert row.nominal == date(2026, 11, 24)
    assert any("Ngày Văn hóa Việt Nam" in step and "25/11/2026" in step for step in row.steps)


def test_of_two_rules_for_acceptance_the_earlier_day_holds_and_both_are_shown() -> None:
    found = derive(single("KN", "received", "2026-11-13"))  # a Friday: 10 days end before 7 WD
    own, other = found["KN-ACC"], found["KN-ACC-LAW"]
    assert own.due == other.due == date(2026, 11, 23)
    assert own.binding_rule == "KN-ACC-LAW"
    assert own.governs
    assert not other.governs
    assert any("25/11/2026" in step and "23/11/2026" in step for step in own.steps)
    monday = derive(single("KN", "received", "2026-11-02"))
    assert monday["KN-ACC"].binding_rule == "KN-ACC"
    assert monday["KN-ACC"].due == date(2026, 11, 11) < monday["KN-ACC-LAW"].due


def test_the_old_acceptance_term_is_unverified_since_the_law_was_amended() -> None:
    old = derive(single("KN", "received", "2026-06-30"))["KN-ACC-LAW"]
    new = derive(single("KN", "received", "2026-07-01"))["KN-ACC-LAW"]
    assert old.verified
    assert not new.verified
    assert any("01/07/2026" in mark for mark in new.marks)


def test_a_complaint_waiting_across_the_first_of_july_2026_asks_a_human() -> None:
    waiting = single("KN", "received", "2026-06-29")
    assert any("cán bộ phải xác nhận" in mark for mark in derive(waiting)["KN-ACC-LAW"].marks)
    before = derive(waiting, date(2026, 6, 30))["KN-ACC-LAW"]
    assert not any("cán bộ phải xác nhận" in mark for mark in before.marks)
    accepted = ClockCase("KN", events=(*waiting.events, ClockEvent("accepted", date(2026, 6, 30))))
    assert not any("phải xác nhận" in mark for mark in derive(accepted)["KN-ACC-LAW"].marks)


def test_an_unconfirmed_year_is_shown_where_it_decides_the_day() -> None:
    into_2027 = derive(single("KN", "accepted", "2026-12-15"))["KN-R1"]
    assert any("2027" in mark for mark in into_2027.marks)
    within = derive(single("KN", "accepted", "2026-10-05"))["KN-R1"]
    assert within.marks == ()
    over_tet = derive(single("TC", "received", "2027-01-29"), date(2027, 2, 1))["TC-INIT"]
    assert any("Đinh Mùi" in mark for mark in over_tet.marks)


def test_a_year_nobody_entered_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(CalendarYearMissing) as raised:
        derive(single("KN", "accepted", "2027-12-15"))
    assert raised.value.values["year"] == 2028


def test_a_province_may_set_what_the_law_leaves_open() -> None:
    case = single("KNPA", "received", "2026-11-13")
    assert "KNPA-ANSWER" not in derive(case)
    term = LocalTerm("KNPA-ANSWER", 15, "WD", "Quy chế thử nghiệm", date(2026, 1, 1), False)
    local = RULES.with_local([term])
    row = derive(case, rules=local)["KNPA-ANSWER"]
    assert (row.amount, row.unit, row.citation) == (15, "WD", "Quy chế thử nghiệm")
    assert row.due == CALENDAR.add_working_days(date(2026, 11, 13), 15)
    assert any("địa phương" in mark for mark in row.marks)
    earlier = single("KNPA", "received", "2025-12-31")
    assert "KNPA-ANSWER" not in derive(earlier, rules=local)


def test_a_term_in_hours_ends_so_many_hours_before_the_meeting() -> None:
    session = ClockEvent("online_session", date(2026, 9, 14), time(14, 0))
    row = derive(ClockCase("KNPA", events=(session,)))["TCD-ONLINE-LINK"]
    assert (row.due, row.due_at) == (date(2026, 9, 14), time(13, 0))
    assert any("13:00" in step for step in row.steps)
    early = ClockEvent("online_session", date(2026, 9, 14), time(0, 30))
    row = derive(ClockCase("KNPA", events=(early,)))["TCD-ONLINE-LINK"]
    assert (row.due, row.due_at) == (date(2026, 9, 13), time(23, 30))


def test_months_and_years_end_on_the_same_day_or_the_last_of_a_shorter_month() -> None:
    assert count_term(date(2026, 1, 31), 1, "MONTH", CALENDAR).nominal == date(2026, 2, 28)
    assert count_term(date(2024, 1, 31), 1, "MONTH", CALENDAR).nominal == date(2024, 2, 29)
    assert count_term(date(2024, 2, 29), 1, "YEAR", CALENDAR).nominal == date(2025, 2, 28)
    assert count_term(date(2026, 11, 20), 14, "MONTH", CALENDAR).nominal == date(2028, 1, 20)
    assert count_term(date(2026, 3, 31), 1, "MONTH", CALENDAR, before=True).nominal == date(
        2026, 2, 28
    )


def test_a_second_invitation_belongs_to_the_second_meeting() -> None:
    meetings = (
        ClockEvent("dialogue_invited", date(2026, 9, 1)),
        ClockEvent("dialogue", date(2026, 9, 14)),
        ClockEvent("dialogue", date(2026, 10, 12)),
    )
    found = derive_deadlines(
        ClockCase("KN", events=meetings), as_of=TODAY, rules=RULES, calendar=CALENDAR
    )
    assert [row.state for row in found] == [MET, MISSED]


def test_an_extended_term_leaves_only_the_extension_owed() -> None:
    case = ClockCase(
        "TC",
        complex=True,
        events=(
            ClockEvent("accepted", date(2026, 9, 1)),
            ClockEvent("extended", date(2026, 9, 21)),
        ),
    )
    found = derive(case, date(2026, 9, 22))
    assert (found["TC-R"].state, found["TC-R"].is_owed) == (SUPERSEDED, False)
    assert (found["TC-EXT-C"].state, found["TC-EXT-C"].is_owed) == (RUNNING, True)
    day_before = derive(case, date(2026, 9, 20))
    assert (day_before["TC-R"].state, day_before["TC-R"].is_owed) == (RUNNING, True)
    assert (day_before["TC-EXT-C"].state, day_before["TC-EXT-C"].is_owed) == (FUTURE, False)


def happened(kind: str, *written: str, **more: object) -> ClockCase:
    """A case from lines such as "accepted 2026-09-01"."""
    pairs = (line.split() for line in written)
    events = tuple(ClockEvent(event, date.fromisoformat(on)) for event, on in pairs)
    return ClockCase(kind, events=events, **more)  # type: ignore[arg-type]


def test_of_a_term_and_its_extension_exactly_one_governs_on_any_day() -> None:
    case = happened("TC", "accepted 2026-09-01", "extended 2026-09-21", complex=True)
    for as_of, governing in ((20, "TC-R"), (21, "TC-EXT-C"), (22, "TC-EXT-C")):
        found = derive(case, date(2026, 9, as_of))
        assert [row.rule for row in found.values() if row.amount == 30 and row.governs] == [
            governing
        ]
        assert found[governing].is_owed


def test_of_two_extensions_only_the_second_governs() -> None:
    case = happened(
        "TC", "accepted 2026-09-01", "extended 2026-09-21", "extended 2026-10-20", complex=True
    )
    found = derive(case, date(2026, 10, 21))
    assert [(row.rule, row.state, row.governs) for row in found.values() if row.amount == 30] == [
        ("TC-R", SUPERSEDED, False),
        ("TC-EXT-C", SUPERSEDED, False),
        ("TC-EXT-S", RUNNING, True),
    ]
    assert any("TC-EXT-S" in step for step in found["TC-EXT-C"].steps)


def test_a_suspension_lifted_on_the_same_day_moves_nothing() -> None:
    case = happened("KN", "accepted 2026-09-01", "suspended 2026-09-10", "resumed 2026-09-10")
    row = derive(case, date(2026, 9, 10))["KN-R1"]
    assert (row.nominal, row.state) == (date(2026, 10, 1), RUNNING)


def test_an_extension_decided_on_the_very_last_day_is_in_time() -> None:
    # The last day 03/10/2026 is a Saturday: the term runs through Monday the 5th.
    in_time = happened("TC", "accepted 2026-09-03", "extended 2026-10-05", complex=True)
    assert derive(in_time, date(2026, 10, 6))["TC-R"].state == SUPERSEDED
    late = happened("TC", "accepted 2026-09-03", "extended 2026-10-06", complex=True)
    found = derive(late, date(2026, 10, 7))
    assert found["TC-R"].state == MISSED
    steps = found["TC-EXT-C"].steps
    assert any("06/10/2026" in step and "05/10/2026" in step for step in steps)
    assert not any("đã hết thời hạn" in s for s in derive(in_time)["TC-EXT-C"].steps)


def test_an_extension_of_an_earlier_clock_does_not_lengthen_the_later_one() -> None:
    taken_over = happened(
        "TC", "accepted 2026-06-01", "extended 2026-06-20", "accepted 2026-09-01", complex=True
    )
    assert "TC-EXT-C" not in derive(taken_over)
    same_day = happened("TC", "accepted 2026-09-01", "extended 2026-09-01", complex=True)
    assert "TC-EXT-C" in derive(same_day)


def test_each_pause_moves_only_the_term_it_falls_in() -> None:
    case = happened(
        "TC",
        "accepted 2026-07-01",
        "suspended 2026-07-06",
        "resumed 2026-07-09",
        "suspended 2026-07-13",
        "resumed 2026-07-15",
        "extended 2026-07-20",
        "suspended 2026-08-17",
        "resumed 2026-08-24",
        complex=True,
    )
    found = derive(case)
    assert found["TC-R"].nominal == date(2026, 7, 31) + 5 * DAY
    assert found["TC-EXT-C"].start == found["TC-R"].nominal
    assert found["TC-EXT-C"].nominal == found["TC-R"].nominal + 37 * DAY


def test_a_pause_that_began_before_acceptance_counts_from_acceptance() -> None:
    before = happened("KN", "suspended 2026-09-01", "resumed 2026-09-07", "accepted 2026-09-04")
    with pytest.raises(ImpossibleEvents):
        derive(before)
    taken_over = happened(
        "TC",
        "accepted 2026-08-03",
        "suspended 2026-08-10",
        "resumed 2026-09-10",
        "accepted 2026-09-07",
    )
    assert derive(taken_over)["TC-R"].nominal == date(2026, 9, 7) + 33 * DAY


def test_a_term_is_suspended_from_the_first_day_and_runs_from_the_resumption() -> None:
    case = happened("KN", "accepted 2026-09-01", "suspended 2026-09-10", "resumed 2026-09-20")
    states = [derive(case, date(2026, 9, day))["KN-R1"].state for day in (9, 10, 19, 20)]
    assert states == [RUNNING, SUSPENDED, SUSPENDED, RUNNING]


def test_what_happens_after_the_day_asked_about_changes_no_state() -> None:
    case = happened("KNPA", "received 2026-09-03", "answered 2026-09-10")
    assert derive(case, date(2026, 9, 9))["TCD-RESULT"].state == RUNNING
    assert derive(case, date(2026, 9, 10))["TCD-RESULT"].state == MET


def test_an_answer_from_before_the_term_does_not_fulfil_it() -> None:
    again = happened("TC", "accepted 2026-06-01", "conclusion_issued 2026-06-15",
                     "accepted 2026-09-01")  # fmt: skip
    assert derive(again, date(2026, 9, 15))["TC-R"].state == RUNNING


def test_what_is_done_on_the_very_day_of_the_event_is_done() -> None:
    case = happened("KN", "received 2026-09-03", "accepted 2026-09-03", "decided 2026-09-03")
    found = derive(case)
    assert (found["KN-ACC"].closed_on, found["KN-R1"].state) == (date(2026, 9, 3), MET)
    stopped = happened("KN", "received 2026-09-03", "withdrawn 2026-09-03")
    assert derive(stopped)["KN-ACC"].state == SUPERSEDED


def test_the_first_receipt_and_the_last_acceptance_count() -> None:
    case = happened(
        "TC",
        "received 2026-09-01",
        "received 2026-09-08",
        "received 2026-09-15",
        "accepted 2026-09-16",
        "accepted 2026-09-21",
        "accepted 2026-09-28",
    )
    found = derive_deadlines(case, as_of=TODAY, rules=RULES, calendar=CALENDAR)
    starts = [(row.rule, row.start) for row in found if row.rule in ("TC-INIT", "TC-R")]
    assert starts == [("TC-INIT", date(2026, 9, 1)), ("TC-R", date(2026, 9, 28))]


def test_a_late_decision_moves_the_second_complaint_to_its_own_day() -> None:
    case = happened("KN", "accepted 2026-08-03", "decided 2026-09-14")
    for as_of in (date(2026, 9, 10), date(2026, 9, 14)):
        found = derive_deadlines(case, as_of=as_of, rules=RULES, calendar=CALENDAR)
        second = [row.start for row in found if row.rule == "KN-FILE-2"]
        assert second == [date(2026, 9, 14)]


def test_an_invitation_counts_on_its_day_and_belongs_to_one_meeting() -> None:
    case = happened(
        "KN", "dialogue 2026-09-14", "dialogue_invited 2026-09-14", "dialogue 2026-10-12"
    )
    found = derive_deadlines(case, as_of=TODAY, rules=RULES, calendar=CALENDAR)
    # Given on the day of the first meeting it is late for that one and none for the second.
    assert [(row.state, row.closed_on) for row in found] == [
        (MISSED, date(2026, 9, 14)),
        (MISSED, None),
    ]
    invited = happened("KN", "dialogue 2026-09-14", "dialogue_invited 2026-09-08")
    assert derive(invited, date(2026, 9, 8))["KN-DIALOG"].state == MET
    assert derive(invited, date(2026, 9, 7))["KN-DIALOG"].state == RUNNING


def test_a_meeting_of_a_withdrawn_complaint_needs_no_invitation() -> None:
    due = date(2026, 9, 9)
    in_time = happened("KN", "withdrawn 2026-09-09", "dialogue 2026-09-14")
    row = derive(in_time)["KN-DIALOG"]
    assert (row.due, row.state, row.closed_on) == (due, SUPERSEDED, due)
    late = happened("KN", "withdrawn 2026-09-10", "dialogue 2026-09-14")
    assert derive(late)["KN-DIALOG"].state == MISSED


def test_time_bars_and_effects_are_never_owed_by_the_office() -> None:
    found = derive(single("KN", "decided", "2026-07-06"))
    assert {rule for rule, row in found.items() if row.is_owed} == {"KN-SEND-1"}
    assert found["KN-FILE-2"].state == MISSED


def test_states_are_the_documented_ones() -> None:
    seen = set()
    for rule, as_of in product(CLOCKS, (date(2026, 9, 1), date(2026, 9, 15), date(2027, 9, 1))):
        found = derive_deadlines(
            bound_case(rule, date(2026, 9, 14)), as_of=as_of, rules=RULES, calendar=CALENDAR
        )
        seen |= {row.state for row in found}
    assert seen <= set(STATES)
    assert {FUTURE, RUNNING, MET, MISSED} <= seen


@pytest.mark.parametrize(
    ("events", "fault"),
    [
        ([("teleported", "2026-11-02")], "unknown event"),
        ([("term_expired", "2026-11-02")], "unknown event"),
        ([("received", "2026-11-02"), ("accepted", "2026-11-01")], "accepted on 2026-11-01"),
        ([("accepted", "2026-11-02"), ("decided", "2026-11-01")], "decided on 2026-11-01"),
        (
            [("suspended", "2026-11-02"), ("suspended", "2026-11-03")],
            "suspended on 2026-11-03 while suspended",
        ),
        ([("resumed", "2026-11-02"), ("suspended", "2026-11-03")], "resumed on 2026-11-02"),
    ],
)
def test_events_that_cannot_be_are_refused(events: list[tuple[str, str]], fault: str) -> None:
    case = ClockCase(
        "KN", events=tuple(ClockEvent(name, date.fromisoformat(on)) for name, on in events)
    )
    with pytest.raises(ImpossibleEvents, match=fault):
        derive(case)


def test_events_may_be_given_in_any_order() -> None:
    events = (
        ClockEvent("received", date(2026, 9, 1)),
        ClockEvent("accepted", date(2026, 9, 8)),
        ClockEvent("suspended", date(2026, 9, 10)),
        ClockEvent("resumed", date(2026, 9, 20)),
    )
    forward = derive(ClockCase("KN", events=events))
    backward = derive(ClockCase("KN", events=events[::-1]))
    assert forward == backward

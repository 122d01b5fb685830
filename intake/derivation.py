"""The working shown: how a deadline was found, sentence by sentence, in Vietnamese.

The sentences are `data/law/phrases.toml`; here is only which of them apply and with what values.
Nothing is computed anew but what the sentences name (which days were skipped, what is doubtful).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from intake.deadlines import (
    FUTURE,
    MET,
    MISSED,
    RUNNING,
    SUPERSEDED,
    SUSPENDED,
    Counted,
    Deadline,
    count_term,
    pause_method,
)
from intake.law_phrases import phrase, vietnamese_date, weekday_name
from intake.rules import (
    ALARM,
    BEFORE,
    CALENDAR_DAYS,
    CEILING,
    CITIZEN,
    HOURS,
    HUMAN_CONFIRMS,
    LAW,
    TERM_EXPIRED,
    WORKING_DAYS,
)
from intake.workdays import CalendarDay, CalendarYearMissing, WorkCalendar

_DAY = timedelta(days=1)


def explain_deadline(deadline: Deadline) -> tuple[str, ...]:
    """All sentences: the event, the count, what moved the day, the marks, where it stands."""
    return (
        _event_step(deadline),
        _count_step(deadline),
        *_pause_steps(deadline),
        *_roll_steps(deadline),
        *_combine_steps(deadline),
        *_extension_steps(deadline),
        *marks_of(deadline),
        _state_step(deadline),
    )


def marks_of(deadline: Deadline) -> tuple[str, ...]:
    """Conditions, unverified law, remarks and doubts about the calendar."""
    ground = deadline.ground
    rule, names = ground.rule, ground.rules.names
    marks = [
        phrase("mark.condition", text=names.name("condition", code)) for code in rule.conditions
    ]
    if not rule.verified:
        marks.append(phrase("mark.unverified", rule=rule.id))
    elif not deadline.verified and rule.unverified_from is not None:
        since = vietnamese_date(rule.unverified_from)
        marks.append(phrase("mark.unverified_since", rule=rule.id, since=since))
    if rule.local:
        marks.append(phrase("mark.local"))
    if rule.note:
        marks.append(phrase("mark.note", text=rule.note))
    marks += _transition_marks(deadline)
    marks += [
        phrase("mark.doubt", text=phrase(f"doubt.{doubt.about}", text=doubt.text))
        for doubt in ground.calendar.doubts(*_doubtful_stretch(deadline))
    ]
    return tuple(marks)


def _transition_marks(deadline: Deadline) -> Iterator[str]:
    """The note of a rule's transition; a human confirms where a new rule came too late to bind."""
    ground = deadline.ground
    for rule in (ground.rule, *ground.rules.all()):
        if not rule.transition or rule.effective_from is None:
            continue
        before = vietnamese_date(rule.effective_from)
        text = ground.rules.names.name("transition", rule.transition)
        if rule.transition != HUMAN_CONFIRMS:
            if rule is ground.rule:
                yield text.format(before=before, rule=rule.id)
        elif rule is ground.rule or rule.combine_with == deadline.rule:
            late = deadline.closed_on is None or deadline.closed_on >= rule.effective_from
            if not deadline.start < rule.effective_from <= ground.as_of:
                continue
            if ground.confirmed:
                yield phrase("mark.confirmed", before=before, rule=ground.confirmed)
            elif late:
                yield text.format(before=before, rule=rule.id)


def _doubtful_stretch(deadline: Deadline) -> tuple[date, date]:
    """The days whose being working days decides the date."""
    if deadline.ground.rule.direction == BEFORE:
        return deadline.due, max(deadline.due, deadline.start - _DAY)
    if deadline.unit == WORKING_DAYS:
        return min(deadline.start + _DAY, deadline.due), deadline.due
    return deadline.nominal, deadline.due


def _event_step(deadline: Deadline) -> str:
    ground = deadline.ground
    start = vietnamese_date(deadline.start)
    if ground.extended_on is not None:
        decided = vietnamese_date(ground.extended_on)
        return phrase("start.extension", number=ground.number, decided=decided, start=start)
    method = ground.rules.method("event_day_excluded", deadline.start)
    citation = method.citation if method else ""
    first = vietnamese_date(deadline.start + _DAY)
    if ground.event == TERM_EXPIRED:
        return phrase("start.expired", start=start, first=first, citation=citation)
    event = ground.rules.events[ground.event].name
    if ground.rule.direction == BEFORE:
        return phrase("start.before", event=event, start=start, citation=citation)
    return phrase("start.event", event=event, start=start, first=first, citation=citation)


def _count_step(deadline: Deadline) -> str:
    """The main sentence; a paused term is counted here as if it had not been paused."""
    ground = deadline.ground
    rule, calendar = ground.rule, ground.calendar
    before = rule.direction == BEFORE
    nominal = _own_count(deadline).nominal
    key = rule.unit
    if before:
        key += "_before"
    elif f"{key}_{rule.mode}" in _SHAPED:
        key += f"_{rule.mode}"
    values: dict[str, object] = {}
    if rule.unit == WORKING_DAYS:
        first, last = (nominal, deadline.start - _DAY) if before else (
            deadline.start + _DAY, nominal)  # fmt: skip
        values = _skipped_and_worked(calendar, first, last)
    if rule.unit == HOURS and deadline.due_at is not None and ground.at is not None:
        key += "_at"
        nominal = deadline.due
        values = {"at": f"{ground.at:%H:%M}", "due_at": f"{deadline.due_at:%H:%M}"}
    return phrase(
        f"count.{key}",
        amount=deadline.amount,
        start=vietnamese_date(deadline.start),
        citation=deadline.citation,
        weekday=weekday_name(nominal),
        nominal=vietnamese_date(nominal),
        **values,
    )


_SHAPED = (f"{CALENDAR_DAYS}_{CEILING}", f"{WORKING_DAYS}_{CEILING}", f"{CALENDAR_DAYS}_{ALARM}")


def _own_count(deadline: Deadline) -> Counted:
    """The rule's own count from its start: no pause, no other rule."""
    ground = deadline.ground
    return count_term(
        deadline.start,
        deadline.amount,
        deadline.unit,
        ground.calendar,
        before=ground.rule.direction == BEFORE,
    )


def _skipped_and_worked(calendar: WorkCalendar, first: date, last: date) -> dict[str, object]:
    special = calendar.special_days(first, last)
    off = [day for day in special if not day.working and day.day.isoweekday() <= 5]
    worked = [day for day in special if day.working]
    skipped = phrase("count.weekly_rest")
    if off:
        skipped = phrase("count.and_days", rest=skipped, days=_named_days(off))
    return {
        "skipped": skipped,
        "worked": phrase("count.worked", days=_named_days(worked)) if worked else "",
    }


def _named_days(days: list[CalendarDay]) -> str:
    return phrase("count.day_joiner").join(
        phrase("count.one_day", date=vietnamese_date(day.day), name=day.name) for day in days
    )


def _pause_steps(deadline: Deadline) -> Iterator[str]:
    ground = deadline.ground
    nominal = _own_count(deadline).nominal
    for pause in ground.pauses:
        citation = pause_method(ground.rules, ground.kind, pause.first)
        first = vietnamese_date(pause.first)
        if pause.resumed is None:
            yield phrase("pause.open", first=first, citation=citation)
            continue
        length = pause.resumed - max(pause.first, deadline.start)
        nominal += length
        yield phrase(
            "pause.closed",
            first=first,
            resumed=vietnamese_date(pause.resumed),
            days=length.days,
            citation=citation,
            weekday=weekday_name(nominal),
            nominal=vietnamese_date(nominal),
        )


def _roll_steps(deadline: Deadline) -> Iterator[str]:
    """Why the last day is another than the counted one; with two rules, of the rule that binds."""
    if deadline.nominal == deadline.due:
        return
    ground = deadline.ground
    method = ground.rules.method(
        "if_last_day_is_weekend_or_holiday_end_next_working_day", deadline.nominal
    )
    yield phrase(
        "roll.back" if deadline.due < deadline.nominal else "roll.forward",
        nominal=vietnamese_date(deadline.nominal),
        why=ground.calendar.explain(deadline.nominal),
        weekday=weekday_name(deadline.due),
        due=vietnamese_date(deadline.due),
        citation=method.citation if method else "",
    )


def _combine_steps(deadline: Deadline) -> Iterator[str]:
    ground = deadline.ground
    other = ground.partner
    if other is not None:
        counted = count_term(deadline.start, other.amount or 0, other.unit, ground.calendar)
        yield phrase(
            "combine.governs",
            rule=deadline.rule,
            due=vietnamese_date(_own_count(deadline).due),
            other=other.id,
            other_due=vietnamese_date(counted.due),
            other_citation=other.citation,
            binding=vietnamese_date(deadline.due),
        )
    if ground.carried_by:
        yield phrase("combine.other", rule=ground.carried_by)


def _extension_steps(deadline: Deadline) -> Iterator[str]:
    ground = deadline.ground
    if ground.extended_on is not None:
        yield phrase("extension.count", number=ground.number, most=ground.rule.max_count)
        if ground.term_before is not None and ground.extended_on > ground.term_before:
            yield phrase(
                "extension.late",
                decided=vietnamese_date(ground.extended_on),
                due=vietnamese_date(ground.term_before),
            )
    if ground.replaced_by is not None:
        rule, due = ground.replaced_by
        yield phrase("extension.by_extension", rule=rule, due=vietnamese_date(due))
    for decided in ground.ignored_extensions:
        yield phrase("extension.ignored", decided=vietnamese_date(decided))


def _state_step(deadline: Deadline) -> str:
    as_of = vietnamese_date(deadline.ground.as_of)
    if deadline.state in (FUTURE, SUSPENDED, SUPERSEDED):
        return phrase(f"state.{deadline.state}", as_of=as_of)
    if deadline.closed_on is not None:
        done = "met" if deadline.state == MET else "missed_done"
        return phrase(f"state.{done}", closed=vietnamese_date(deadline.closed_on))
    if deadline.owed_by == LAW and deadline.state == MET:
        return phrase("state.reached", as_of=as_of)
    if deadline.owed_by == CITIZEN and deadline.state == MISSED:
        return phrase("state.missed_citizen", as_of=as_of)
    if deadline.state == RUNNING and deadline.due == deadline.ground.as_of:
        return phrase("state.running_last", as_of=as_of)
    try:
        return _distance_step(deadline, as_of)
    except CalendarYearMissing:
        # How far off it is needs every year up to `as_of`; the date itself does not.
        return phrase(f"state.{deadline.state}_plain", as_of=as_of)


def _distance_step(deadline: Deadline, as_of: str) -> str:
    calendar, day = deadline.ground.calendar, deadline.ground.as_of
    if deadline.state == RUNNING:
        left = calendar.working_days_between(day, deadline.due)
        return phrase("state.running", as_of=as_of, left=left)
    late = calendar.working_days_between(deadline.due, day)
    return phrase("state.missed", as_of=as_of, late=late)
